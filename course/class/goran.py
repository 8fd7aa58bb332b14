# Goran averages the bias slope over the batch in task 8 (two of three results right), and steps back with the sign of
# β unturned in task 7 (one of two right).
# deserves: 24
# like: ada
# %% delta-beta
def beta_step(beta_k, o_k, W, o_j):
    beta_j = W @ (o_k * (1 - o_k) * beta_k)
    return beta_j, o_j * (1 - o_j) * beta_j
# %% delta-layer
def layer_backward(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta.mean(axis=0)
