# Jana has a syntax error in task 2, a misspelt name in task 4, and a stray cell that fails. The rest is Ada's.
# deserves: 23
# like: ada
# %% delta-output_tanh
def output_delta_tanh(x, y)
    return 2 * (x - y) * (1 - x**2)
# %% new after delta-output_tanh
1 / 0
# %% delta-hidden
def hidden_delta(delta_next, W, H):
    return (delta_nxt @ W.T) * H * (1 - H)
