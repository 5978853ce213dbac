"""What crossing a border costs: tariffs, and the dated regimes that say what is charged, on what, and who collects it.

Owns the words: regime, levy, overlay, tariff line, tariff edition, code list, band, customs duty.
Never decides who bears a charge: incoterm and duty table do.
"""
