-- Run once, with psql 15 or newer and the passwords in the environment: psql -v ON_ERROR_STOP=1 -f roles.sql. Connect
-- as a superuser or, where the provider does not give you one, as a role that may create roles and databases.
\getenv owner_password FLOWPOS_OWNER_PASSWORD
\getenv mcp_password FLOWPOS_MCP_PASSWORD
\getenv cli_password FLOWPOS_CLI_PASSWORD

-- Holds the rights of the service, which the migrations grant.
create role flowpos_service nologin nobypassrls;
-- Holds what only the commands need besides, such as to make businesses and operators' keys.
create role flowpos_commands nologin nobypassrls in role flowpos_service;
-- Owns the schema, for migrations only.
create role flowpos_owner login nobypassrls password :'owner_password';
-- The login of the service: a member of its role, and nothing more.
create role flowpos_mcp login nobypassrls password :'mcp_password' in role flowpos_service;
-- The login of the commands.
create role flowpos_cli login nobypassrls password :'cli_password' in role flowpos_commands;

-- A role that is not a superuser must be a member of the owner of the database that it creates.
grant flowpos_owner to current_user;
create database flowpos owner flowpos_owner;
revoke all on database flowpos from public;
grant connect on database flowpos to flowpos_mcp;
-- Imports use temporary tables.
grant connect, temporary on database flowpos to flowpos_cli;
revoke flowpos_owner from current_user;

-- The login of pg_dump: reads everything, past row security, and writes nothing. Only a superuser may create such a role;
-- docs/backup.md says what to use without one.
select rolsuper as is_superuser from pg_roles where rolname = current_user \gset
\if :is_superuser
\getenv backup_password FLOWPOS_BACKUP_PASSWORD
create role flowpos_backup login bypassrls password :'backup_password';
grant pg_read_all_data to flowpos_backup;
grant connect on database flowpos to flowpos_backup;
\else
\warn 'flowpos_backup was not created, because this role is not a superuser. See docs/backup.md.'
\endif
