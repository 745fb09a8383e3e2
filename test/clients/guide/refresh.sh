NEW_TOKEN=$(curl -s -X POST https://api.flowpos.app/mcp/token \
-H "Content-Type: application/json" \
-d '{"firebaseIdToken": "<fresh-firebase-token>"}' \
| python3 -c "import sys,json; print(json.load(sys.stdin)['accessToken'])")
