DROP TABLE ticket_results;
DROP TABLE drill_tickets;
DROP TABLE signing_keys;
