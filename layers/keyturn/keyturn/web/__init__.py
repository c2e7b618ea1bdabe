"""HTTP for the functions that browsers and clients call: requests, forms, cookies, responses and the form guard."""
