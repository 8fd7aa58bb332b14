# Dora forgets that the loss is a mean: no 1/n in tasks 1 and 9. In task 9 all three results inherit it.
# deserves: 19
# like: ada
# %% delta-output
def output_delta(Y_hat, Y):
    return Y_hat - Y
# %% delta-network
def backward_pass(Hs, Ws, Y):
    delta, deltas, dWs, dbs = Hs[-1] - Y, [], [], []
    for l in reversed(range(len(Ws))):
        deltas.append(delta)
        dWs.append(Hs[l].T @ delta)
        dbs.append(delta.sum(axis=0))
        delta = (delta @ Ws[l].T) * Hs[l] * (1 - Hs[l])
    return deltas[::-1], dWs[::-1], dbs[::-1]
