/** What Firebase would send by mail or SMS. */
export interface Message {
  /** A mail address or phone number. */
  to: string
  kind: 'reset-password' | 'sms'
  code: string
}

export type SendMessage = (message: Message) => void
