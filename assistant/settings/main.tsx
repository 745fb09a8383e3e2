/** The AI Assistant page: connect an assistant, see what is connected and what it did, tokens and keys. */
import { render } from 'preact'
import { language } from '../language.ts'
import { App } from './app.tsx'
import { viewOf } from './paths.ts'
import { TEXT } from './texts.ts'

document.documentElement.lang = language
document.title = `${TEXT.tabs[viewOf(location.pathname)]} · ${TEXT.title} · FlowPOS`
render(<App />, document.getElementById('page') as HTMLElement)
