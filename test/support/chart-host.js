// A host of MCP Apps as a page: the extension's own bridge, and a sandboxed frame that may load nothing.
import { AppBridge, PostMessageTransport } from '@modelcontextprotocol/ext-apps/app-bridge'

// The least that the extension lets a host grant to a page that declares no sources.
const POLICY = "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:"

/** Opens the page in a frame and hands it one call with its answer, as a host does. */
window.openChart = async ({ html, hostContext, args, result }) => {
  const frame = document.querySelector('iframe')
  const bridge = new AppBridge(
    null,
    { name: 'Test host', version: '1.0.0' },
    { serverTools: {}, sandbox: { csp: {} } },
    { hostContext },
  )
  window.bridge = bridge
  bridge.oncalltool = ({ name, arguments: given }) => window.callTool(name, given)
  bridge.onsizechange = ({ height }) => {
    frame.style.height = `${height}px`
  }
  const ready = new Promise((resolve) => {
    bridge.oninitialized = resolve
  })
  await bridge.connect(new PostMessageTransport(frame.contentWindow, frame.contentWindow))
  frame.srcdoc = html.replace('<head>', `<head><meta http-equiv="Content-Security-Policy" content="${POLICY}">`)
  await ready
  await bridge.sendToolInput({ arguments: args })
  await bridge.sendToolResult(result)
}
