# Kofi's loop in task 3 never ends.
# deserves: 24
# like: ada
# %% delta-hidden_components
def hidden_delta_components(delta_next, W, H):
    n, d = H.shape
    delta = np.zeros((n, d))
    i = 0
    while i < n:
        for j in range(d):
            delta[i, j] = sum(delta_next[i] * W[j]) * H[i, j] * (1 - H[i, j])
    return delta
