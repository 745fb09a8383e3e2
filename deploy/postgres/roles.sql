-- Run once, with psql 15 or newer and both passwords in the environment: psql -v ON_ERROR_STOP=1 -f roles.sql. Connect
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
