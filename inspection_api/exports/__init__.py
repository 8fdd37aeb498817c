"""What leaves the system with people's names in it: who takes how much a day, how much he may, and who hears of it."""
