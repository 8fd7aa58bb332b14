# Otto handed in something that is called a notebook but is his notes.
# deserves: 0
# raw: yes
Dear teacher, attached please find my solution. I liked task 6 best.
