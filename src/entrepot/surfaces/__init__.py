"""With whom we speak: shoppers, sellers, operators, programs, terminals and the clock. Guard, parse, one call, render."""
