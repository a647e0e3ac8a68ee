DROP TABLE telemetry;
DROP TABLE sources;
