import {
  siClaude,
  siClaudecode,
  siCursor,
  siGithubcopilot,
  siGooglegemini,
  siOpencode,
  siWindsurf,
  siZedindustries,
} from 'simple-icons'
import { inLanguage } from '../../language.ts'

/** How an assistant is connected by the address, with a sign-in. */
export interface Client {
  id: string
  name: string
  /** Path of a 24 by 24 icon; undefined for makers who give none away. */
  icon: string | undefined
  /** What the person does, one line per step. */
  steps: readonly string[]
  /** A link that does it, or leads to the place where it is done. */
  link?: string
  isPlace?: boolean
  /** A command, or a file's contents. */
  code?: { where: string; text: string }
  /** The maker's own page about it, and the month in which it was last compared. */
  source: string
  checked: string
}

/** Icons of clients by the host that they are known by. */
const HOST_ICONS: Record<string, string> = {
  'claude.ai': siClaude.path,
  'vscode.dev': siGithubcopilot.path,
  'cursor.com': siCursor.path,
  'www.cursor.com': siCursor.path,
}

/** The icon of a connected client; undefined for one whose maker gives none away. */
export function iconOf(clientHost: string): string | undefined {
  return HOST_ICONS[clientHost]
}

const CHECKED = '2026-11'
const NAME = 'flowpos'

/** Every assistant that the page knows, the ones that merchants use first. @param url the address that asks for a sign-in */
export function clientsFor(url: string): Client[] {
  const file = (value: object) => JSON.stringify(value, null, 2)
  const words = inLanguage({
    en: {
      claude: [
        'In Claude, open Customize → Connectors and choose “Add custom connector” under “+”.',
        'Name: FlowPOS. Remote MCP server URL: the address above.',
        'Choose “Connect”, sign in to FlowPOS and decide what Claude may see.',
      ],
      claudeCode: ['Run this in a terminal.', 'Start Claude Code, type /mcp, choose flowpos and “Authenticate”.'],
      chatgpt: [
        'In ChatGPT on the web, open Settings → Security and login and switch on Developer mode (some plans: an administrator does).',
        'Open Plugins and choose “Add custom MCP server” under “+”. Name: FlowPOS. Server URL: the address above. Authentication: OAuth. Then “Create as a plugin”.',
        'Sign in to FlowPOS. In a chat, type @ and choose FlowPOS.',
      ],
      cursor: ['Choose the button and confirm in Cursor.', 'In Settings → MCP, choose “Login” beside flowpos.'],
      vscode: [
        'Choose the button and confirm in VS Code.',
        'Start the server when asked, sign in, and use it in Copilot Chat’s agent mode.',
      ],
      antigravity: ['Run this in a terminal.', 'Start agy, type /mcp and sign in to flowpos.'],
      gemini: ['Run this in a terminal.', 'Start Gemini CLI, type /mcp auth flowpos and sign in.'],
      codex: ['Run these in a terminal. The ChatGPT desktop app and the IDE extension use the same configuration.'],
      opencode: ['Run these in a terminal.'],
      windsurf: ['Put this into mcp_config.json and reload. Windsurf opens the sign-in.'],
      zed: ['Put this into the settings (zed: open settings file). Zed opens the sign-in.'],
      other: [
        'Any assistant that takes a remote MCP server takes the address above, over Streamable HTTP.',
        'Where only local servers are known, this command connects them; it needs Node.js.',
      ],
      other_name: 'Others',
      terminal: 'Terminal',
    },
    es: {
      claude: [
        'En Claude, abre Personalizar → Conectores y elige “Agregar conector personalizado” en “+”.',
        'Nombre: FlowPOS. URL del servidor MCP remoto: la dirección de arriba.',
        'Elige “Conectar”, inicia sesión en FlowPOS y decide qué puede ver Claude.',
      ],
      claudeCode: ['Ejecuta esto en una terminal.', 'Abre Claude Code, escribe /mcp, elige flowpos y “Authenticate”.'],
      chatgpt: [
        'En ChatGPT en la web, abre Configuración → Seguridad e inicio de sesión y activa el modo de desarrollador (en algunos planes lo hace un administrador).',
        'Abre Plugins y elige “Add custom MCP server” en “+”. Nombre: FlowPOS. URL del servidor: la dirección de arriba. Autenticación: OAuth. Después, “Create as a plugin”.',
        'Inicia sesión en FlowPOS. En un chat, escribe @ y elige FlowPOS.',
      ],
      cursor: ['Pulsa el botón y confirma en Cursor.', 'En Settings → MCP, elige “Login” junto a flowpos.'],
      vscode: [
        'Pulsa el botón y confirma en VS Code.',
        'Inicia el servidor cuando lo pregunte, inicia sesión y úsalo en el modo agente de Copilot Chat.',
      ],
      antigravity: ['Ejecuta esto en una terminal.', 'Abre agy, escribe /mcp e inicia sesión en flowpos.'],
      gemini: ['Ejecuta esto en una terminal.', 'Abre Gemini CLI, escribe /mcp auth flowpos e inicia sesión.'],
      codex: [
        'Ejecuta esto en una terminal. La aplicación de escritorio de ChatGPT y la extensión del IDE usan la misma configuración.',
      ],
      opencode: ['Ejecuta esto en una terminal.'],
      windsurf: ['Pon esto en mcp_config.json y recarga. Windsurf abre el inicio de sesión.'],
      zed: ['Pon esto en la configuración (zed: open settings file). Zed abre el inicio de sesión.'],
      other: [
        'Cualquier asistente que acepte un servidor MCP remoto acepta la dirección de arriba, por Streamable HTTP.',
        'Donde solo se conocen servidores locales, este comando los conecta; necesita Node.js.',
      ],
      other_name: 'Otros',
      terminal: 'Terminal',
    },
  })
  const command = (text: string) => ({ where: words.terminal, text })
  const clients: Omit<Client, 'checked'>[] = [
    {
      id: 'claude',
      name: 'Claude',
      icon: siClaude.path,
      steps: words.claude,
      link: 'https://claude.ai/customize/connectors',
      isPlace: true,
      source: 'https://support.claude.com/articles/11175166-getting-started-with-custom-connectors-using-remote-mcp',
    },
    {
      id: 'chatgpt',
      name: 'ChatGPT',
      icon: undefined,
      steps: words.chatgpt,
      link: 'https://chatgpt.com/plugins',
      isPlace: true,
      source: 'https://developers.openai.com/api/docs/guides/custom-mcp-server',
    },
    {
      id: 'cursor',
      name: 'Cursor',
      icon: siCursor.path,
      steps: words.cursor,
      link: `cursor://anysphere.cursor-deeplink/mcp/install?name=${NAME}&config=${encodeURIComponent(btoa(JSON.stringify({ url })))}`,
      code: { where: '.cursor/mcp.json', text: file({ mcpServers: { [NAME]: { url } } }) },
      source: 'https://cursor.com/docs/mcp/install-links',
    },
    {
      id: 'vscode',
      name: 'VS Code',
      icon: siGithubcopilot.path,
      steps: words.vscode,
      link: `vscode:mcp/install?${encodeURIComponent(JSON.stringify({ name: NAME, type: 'http', url }))}`,
      code: { where: '.vscode/mcp.json', text: file({ servers: { [NAME]: { type: 'http', url } } }) },
      source: 'https://code.visualstudio.com/api/extension-guides/ai/mcp',
    },
    {
      id: 'claude-code',
      name: 'Claude Code',
      icon: siClaudecode.path,
      steps: words.claudeCode,
      code: command(`claude mcp add --transport http ${NAME} ${url}`),
      source: 'https://code.claude.com/docs/en/mcp',
    },
    {
      id: 'antigravity',
      name: 'Antigravity',
      icon: siGooglegemini.path,
      steps: words.antigravity,
      code: command(`agy mcp add ${NAME} ${url}`),
      source: 'https://antigravity.google/docs/mcp',
    },
    {
      id: 'gemini',
      name: 'Gemini CLI',
      icon: siGooglegemini.path,
      steps: words.gemini,
      code: command(`gemini mcp add --scope user --transport http ${NAME} ${url}`),
      source: 'https://geminicli.com/docs/tools/mcp-server',
    },
    {
      id: 'codex',
      name: 'Codex',
      icon: undefined,
      steps: words.codex,
      code: command(`codex mcp add ${NAME} --url ${url}\ncodex mcp login ${NAME}`),
      source: 'https://developers.openai.com/codex/mcp',
    },
    {
      id: 'opencode',
      name: 'opencode',
      icon: siOpencode.path,
      steps: words.opencode,
      // Its versions 1 and 2 have the file in different forms.
      code: command(`opencode mcp add ${NAME} --url ${url}\nopencode mcp auth ${NAME}`),
      source: 'https://opencode.ai/docs/mcp-servers',
    },
    {
      id: 'windsurf',
      name: 'Windsurf',
      icon: siWindsurf.path,
      steps: words.windsurf,
      code: {
        where: '~/.codeium/windsurf/mcp_config.json',
        text: file({ mcpServers: { [NAME]: { serverUrl: url } } }),
      },
      source: 'https://docs.windsurf.com/windsurf/cascade/mcp',
    },
    {
      id: 'zed',
      name: 'Zed',
      icon: siZedindustries.path,
      steps: words.zed,
      code: { where: 'settings.json', text: file({ context_servers: { [NAME]: { url } } }) },
      source: 'https://zed.dev/docs/ai/mcp',
    },
    {
      id: 'other',
      name: words.other_name,
      icon: undefined,
      steps: words.other,
      code: command(`npx -y mcp-remote ${url}`),
      source: 'https://github.com/geelen/mcp-remote',
    },
  ]
  return clients.map((client) => ({ ...client, checked: CHECKED }))
}
