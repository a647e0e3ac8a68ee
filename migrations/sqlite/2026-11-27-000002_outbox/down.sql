DROP TABLE deliveries;
DROP TABLE notification_targets;
