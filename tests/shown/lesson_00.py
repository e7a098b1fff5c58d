"""What lesson 00 shows."""

LESSON = "00_start_here"

SHOWN = {
    "greeting-program": ["print(answer.decode())"],
    "close-by-hand": ["pool.close()"],
}
