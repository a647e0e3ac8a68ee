-- What is known of a service's degrader: the settings in force, its traffic, and what the simulation made of both.
CREATE TABLE degraders (
    service_id TEXT COLLATE "C" NOT NULL PRIMARY KEY REFERENCES services (id),
    settings TEXT,
    settings_from TEXT NOT NULL,
    settings_at BIGINT,
    profile TEXT,
    profile_from TEXT NOT NULL,
    profile_at BIGINT,
    observed BOOLEAN NOT NULL,
    instances TEXT NOT NULL,
    inputs TEXT NOT NULL,
    assessment TEXT,
    assessed_at BIGINT
);
