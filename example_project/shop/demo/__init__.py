"""The demo: a day in the shop, told in half a minute by real jobs in a real worker."""
