"""With whom we speak: shoppers, sellers, operators, programs, terminals and the clock."""
