//! Crashes, cancellations and lies that must change no outcome: see `tests/it`.
