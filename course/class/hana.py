# Hana ran out of time after task 4; the rest is as released.
# deserves: 9
# %% delta-output
def output_delta(Y_hat, Y):
    n = Y.shape[0]
    return (1 / n) * (Y_hat - Y)
# %% delta-output_tanh
def output_delta_tanh(x, y):
    return 2 * (1 - x * x) * (x - y)
# %% delta-hidden_components
def hidden_delta_components(delta_next, W, H):
    out = H * 0
    for k in range(W.shape[1]):
        out = out + delta_next[:, [k]] * W[:, k]
    return out * H * (1 - H)
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    dH = (W @ delta_next.T).T
    return dH * (H - H**2)
