-- Version 0.1.0 made the API's tables here. api_tables.sql makes them now, where that is asked for. The number stays: a database
-- counts its migrations.
SELECT 1;
