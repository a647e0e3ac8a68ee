DROP TABLE challenge_rewards;
DROP TABLE challenge_days;
DROP TABLE challenge_teams;
DROP TABLE challenges;
