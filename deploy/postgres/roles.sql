-- Run once, with psql 15 or newer and the passwords in the environment: psql -v ON_ERROR_STOP=1 -f roles.sql. Connect
-- as a superuser or, where the provider does not give you one, as a role that may create roles and databases.
\getenv owner_password FLOWPOS_OWNER_PASSWORD
\getenv mcp_password FLOWPOS_MCP_PASSWORD

-- Holds the rights of the service, which the migrations grant.
create role flowpos_service nologin nobypassrls;
-- Owns the schema, for migrations only.
create role flowpos_owner login nobypassrls password :'owner_password';
-- The login of the service and the other commands: a member of the role above, and nothing more.
create role flowpos_mcp login nobypassrls password :'mcp_password' in role flowpos_service;

-- A role that is not a superuser must be a member of the owner of the database that it creates.
grant flowpos_owner to current_user;
create database flowpos owner flowpos_owner;
revoke all on database flowpos from public;
-- Imports use temporary tables.
grant connect, temporary on database flowpos to flowpos_mcp;
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
