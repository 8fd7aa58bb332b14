# Lena prints task 1 instead of returning it, and gives the results of task 8 in another order.
# deserves: 22
# like: ada
# %% delta-output
def output_delta(Y_hat, Y):
    print((Y_hat - Y) / len(Y))
# %% delta-layer
def layer_backward(X, H, W, dH):
    delta = dH * (1 - H**2)
    return X.T @ delta, delta.sum(axis=0), delta @ W.T
