"""Eyes on a pool: how many connections now (snapshot), one by one (anatomy), and who borrows when (tap, recording)."""
