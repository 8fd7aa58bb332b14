# Chen writes einsum, Fortran order and slopes of his own making. All of it is right.
# deserves: 27
# %% delta-output
def output_delta(Y_hat, Y):
    return np.asfortranarray(np.mean([Y_hat - Y], axis=0) / Y.shape[0])
# %% delta-output_tanh
def output_delta_tanh(x, y):
    s = np.arctanh(x)
    return 2 * (x - y) / np.cosh(s) ** 2
# %% delta-hidden_components
def hidden_delta_components(delta_next, W, H):
    return np.einsum("ik,jk,ij,ij->ij", delta_next, W, H, 1 - H)
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    return np.einsum("ik,jk->ij", delta_next, W) * (0.25 - (H - 0.5) ** 2)
# %% delta-hidden_columns
def hidden_delta_columns(Delta_next, W, Xi):
    return np.einsum("kj,ki->ji", W, Delta_next) * np.exp(-Xi) / (1 + np.exp(-Xi)) ** 2
# %% delta-hidden_lfd
def hidden_delta_lfd(delta_next, W, x):
    return np.diag(1 - x**2) @ W @ delta_next
# %% delta-beta
def beta_step(beta_k, o_k, W, o_j):
    beta_j = np.einsum("jk,k->j", W, beta_k * (o_k - o_k**2))
    return beta_j[:, None], (beta_j * (o_j**2 - o_j))[:, None]
# %% delta-layer
def layer_backward(X, H, W, dH):
    delta = dH - dH * H * H
    return np.einsum("ik,jk->ij", delta, W), np.einsum("ij,ik->jk", X, delta), np.ones(len(X)) @ delta
# %% delta-network
def backward_pass(Hs, Ws, Y):
    def walk(l):
        if l == len(Ws) - 1:
            return [(Hs[-1] - Y) / Y.shape[0]]
        later = walk(l + 1)
        H = Hs[l + 1]
        return [np.einsum("ik,jk->ij", later[0], Ws[l + 1]) * H * (1 - H), *later]
    deltas = walk(0)
    return deltas, [H.T @ d for H, d in zip(Hs, deltas)], [np.einsum("ik->k", d) for d in deltas]
