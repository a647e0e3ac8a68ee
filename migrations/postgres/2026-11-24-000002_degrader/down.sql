DROP TABLE degraders;
