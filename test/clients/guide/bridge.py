import asyncio
import httpx
import requests
import google.generativeai as genai
from google.generativeai.types import FunctionDeclaration, Tool

def get_flowpos_token(firebase_id_token: str) -> str:
    resp = requests.post(
        "https://api.flowpos.app/mcp/token",
        json={"firebaseIdToken": firebase_id_token},
        timeout=10,
    )
    resp.raise_for_status()
    return resp.json()["accessToken"]

MCP_URL = "https://api.flowpos.app/mcp"

async def init_mcp_session(access_token: str) -> tuple[httpx.AsyncClient, str]:
    client = httpx.AsyncClient(
        headers={"Authorization": f"Bearer {access_token}"}
    )
    resp = await client.post(MCP_URL, json={
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {
            "protocolVersion": "2024-11-05",
            "capabilities": {},
            "clientInfo": {"name": "gemini-bridge", "version": "1.0"},
        },
    })
    return client, resp.headers["mcp-session-id"]

async def list_mcp_tools(client: httpx.AsyncClient, sid: str) -> list[dict]:
    resp = await client.post(MCP_URL,
        json={"jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": {}},
        headers={"mcp-session-id": sid},
    )
    return resp.json()["result"]["tools"]

async def call_mcp_tool(client: httpx.AsyncClient, sid: str, name: str, args: dict) -> str:
    resp = await client.post(MCP_URL,
        json={"jsonrpc": "2.0", "id": 3, "method": "tools/call",
              "params": {"name": name, "arguments": args}},
        headers={"mcp-session-id": sid},
    )
    return resp.json()["result"]["content"][0]["text"]

def to_gemini_tool(mcp_tool: dict) -> FunctionDeclaration:
    schema = mcp_tool.get("inputSchema", {})
    return FunctionDeclaration(
        name=mcp_tool["name"],
        description=mcp_tool["description"],
        parameters=schema if schema.get("properties") else {"type": "object", "properties": {}},
    )

async def main():
    genai.configure(api_key="YOUR_GOOGLE_API_KEY")
    access_token = get_flowpos_token("<firebase-id-token>")
    client, sid = await init_mcp_session(access_token)
    mcp_tools = await list_mcp_tools(client, sid)
    model = genai.GenerativeModel(
        "gemini-2.0-flash",
        tools=[Tool(function_declarations=[to_gemini_tool(t) for t in mcp_tools])],
    )
    chat = model.start_chat()
    response = chat.send_message(
        "Summarize today's business performance and flag any inventory issues."
    )
    # Agentic loop — keep running until the model stops requesting tools
    while response.candidates[0].content.parts[0].function_call.name:
        fc = response.candidates[0].content.parts[0].function_call
        result = await call_mcp_tool(client, sid, fc.name, dict(fc.args))
        response = chat.send_message(
            genai.protos.Part(
                function_response=genai.protos.FunctionResponse(
                    name=fc.name,
                    response={"result": result},
                )
            )
        )
    print(response.text)
    await client.aclose()

asyncio.run(main())
