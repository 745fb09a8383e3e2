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
