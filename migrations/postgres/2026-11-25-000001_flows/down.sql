DROP TABLE seen_edges;

DROP TABLE flow_edges;

DROP TABLE flows;
