curl -s -X POST https://api.flowpos.app/mcp/token \
-H "Content-Type: application/json" \
-d '{"firebaseIdToken": "<firebase-id-token>"}'
