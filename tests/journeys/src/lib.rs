//! Whole journeys through all services: see `tests/it`.
