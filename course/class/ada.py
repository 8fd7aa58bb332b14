# Ada writes what the lecture writes.
# deserves: 27
# %% delta-output
def output_delta(Y_hat, Y):
    return (Y_hat - Y) / len(Y)
# %% delta-output_tanh
def output_delta_tanh(x, y):
    return 2 * (x - y) * (1 - x**2)
# %% delta-hidden_components
def hidden_delta_components(delta_next, W, H):
    n, d = H.shape
    delta = np.zeros((n, d))
    for i in range(n):
        for j in range(d):
            for k in range(W.shape[1]):
                delta[i, j] += delta_next[i, k] * W[j, k]
            delta[i, j] *= H[i, j] * (1 - H[i, j])
    return delta
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    return (delta_next @ W.T) * H * (1 - H)
# %% delta-hidden_columns
def hidden_delta_columns(Delta_next, W, Xi):
    H = sigmoid(Xi)
    return (W.T @ Delta_next) * H * (1 - H)
# %% delta-hidden_lfd
def hidden_delta_lfd(delta_next, W, x):
    return (1 - x**2) * (W @ delta_next)
# %% delta-beta
def beta_step(beta_k, o_k, W, o_j):
    beta_j = W @ (o_k * (1 - o_k) * beta_k)
    return beta_j, -o_j * (1 - o_j) * beta_j
# %% delta-layer
def layer_backward(X, H, W, dH):
    delta = dH * (1 - H**2)
    return delta @ W.T, X.T @ delta, delta.sum(axis=0)
# %% delta-network
def backward_pass(Hs, Ws, Y):
    delta, deltas, dWs, dbs = (Hs[-1] - Y) / len(Y), [], [], []
    for l in reversed(range(len(Ws))):
        deltas.append(delta)
        dWs.append(Hs[l].T @ delta)
        dbs.append(delta.sum(axis=0))
        delta = (delta @ Ws[l].T) * Hs[l] * (1 - Hs[l])
    return deltas[::-1], dWs[::-1], dbs[::-1]
# %% delta-why_transpose
In ECE417 the first index of W is the unit the arrow goes to, in LFD the one it comes from, so the two matrices are each
other's transpose. Back-propagation sums over the units the arrows go to: the first index there, the second here. With
square W the wrong product has the right shape and the wrong numbers.
