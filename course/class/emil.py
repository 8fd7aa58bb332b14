# Emil takes the sigmoid of what has been through the sigmoid already: wrong slope in tasks 3 and 4.
# deserves: 22
# like: ada
# %% delta-hidden_components
def hidden_delta_components(delta_next, W, H):
    n, d = H.shape
    delta = np.zeros((n, d))
    for i in range(n):
        for j in range(d):
            total = 0
            for k in range(W.shape[1]):
                total += delta_next[i, k] * W[j, k]
            slope = sigmoid(H[i, j]) * (1 - sigmoid(H[i, j]))
            delta[i, j] = total * slope
    return delta
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    slope = sigmoid(H) * (1 - sigmoid(H))
    return (delta_next @ W.T) * slope
