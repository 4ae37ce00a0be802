/** Writes one call in the layouts of recorders and messengers. */

export interface CallTurn {
  readonly speaker: 'seller' | 'client';
  readonly text: string;
}

export interface Call {
  readonly seller: string;
  readonly client: string;
  readonly sellerFirm: string;
  readonly turns: readonly CallTurn[];
}

export interface WrittenTurn extends CallTurn {
  readonly name: string;
  readonly firm: string;
  readonly index: number;
  readonly seconds: number;
}

type Writer = (turns: readonly WrittenTurn[], call: Call) => string;

const two = (value: number): string => String(value).padStart(2, '0');
const short = (seconds: number): string => `${Math.floor(seconds / 60)}:${two(seconds % 60)}`;
const minute = (seconds: number): string => `${two(Math.floor(seconds / 60))}:${two(seconds % 60)}`;
const full = (seconds: number): string => `00:${minute(seconds)}`;
const lines =
  (write: (turn: WrittenTurn) => string, gap = '\n'): Writer =>
  (turns) =>
    turns.map(write).join(gap);
const blocks = (write: (turn: WrittenTurn) => string): Writer => lines(write, '\n\n');
const address = ({ name, speaker, firm }: WrittenTurn): string =>
  `${name.split(' ')[0]?.toLowerCase()}@${speaker === 'seller' ? firm.toLowerCase() : 'clientfirm'}.example.com`;
const id = ({ speaker }: WrittenTurn): number => (speaker === 'seller' ? 0 : 1);
const reversed = (name: string): string => name.split(' ').reverse().join(', ');
const json = (value: unknown): string => JSON.stringify(value);

export const layouts: Readonly<Record<string, Writer>> = {
  'name: text': lines(({ name, text }) => `${name}: ${text}`),
  'role: text': lines(({ speaker, text }) => `${speaker === 'seller' ? 'Vendedor' : 'Cliente'}: ${text}`),
  '[clock] name: text': lines(({ name, text, seconds }) => `[${minute(seconds)}] ${name}: ${text}`),
  'clock name: text': lines(({ name, text, seconds }) => `${full(seconds)} ${name}: ${text}`),
  '(clock) name: text': lines(({ name, text, seconds }) => `(${minute(seconds)}) ${name}: ${text}`),
  'name [clock]: text': lines(({ name, text, seconds }) => `${name} [${full(seconds)}]: ${text}`),
  'Otter: name  clock': blocks(({ name, text, seconds }) => `${name}  ${short(seconds)}  \n${text}`),
  'Teams: title, name   clock': (turns, call) =>
    `Meeting-20240801_150000-Meeting Recording\nAugust 1, 2024, 3:00PM\n11m 3s\n${call.seller} started transcription\n\n${turns.map(({ name, text, seconds }) => `${name}   ${short(seconds)}\n${text}`).join('\n\n')}`,
  'Fathom: clock - name (firm)': (turns) =>
    `Demo - August 1\nVIEW RECORDING - 11 mins (No highlights): https://fathom.example.com/1\n\n---\n\n${turns.map(({ name, text, seconds, speaker, firm }) => `${short(seconds)} - ${name}${speaker === 'seller' ? ` (${firm})` : ''}\n  ${text}`).join('\n\n')}`,
  'Fireflies: name - clock': blocks(({ name, text, seconds }) => `${name} - ${minute(seconds)}\n${text}`),
  'Gong: clock | name': blocks(({ name, text, seconds }) => `${short(seconds)} | ${name}\n${text}`),
  'Gong: last, first | clock': blocks(({ name, text, seconds }) => `${reversed(name)} | ${minute(seconds)}\n${text}`),
  'Zoom VTT': (turns) =>
    `WEBVTT\n\n${turns.map(({ index, name, text, seconds }) => `${index + 1}\n${full(seconds)}.120 --> ${full(seconds + 12)}.010\n${name}: ${text}`).join('\n\n')}\n`,
  'VTT voice tags': (turns) =>
    `WEBVTT\n\n${turns.map(({ index, name, text, seconds }) => `4f2a/${index}-0\n${full(seconds)}.120 --> ${full(seconds + 12)}.010\n<v ${name}>${text}</v>`).join('\n\n')}`,
  'VTT without hours': (turns) =>
    `WEBVTT\nKind: captions\nLanguage: es\n\n${turns.map(({ name, text, seconds }) => `${minute(seconds)}.000 --> ${minute(seconds + 12)}.000\n<v ${name}>${text}`).join('\n\n')}`,
  SRT: (turns) =>
    turns
      .map(
        ({ index, name, text, seconds }) =>
          `${index + 1}\n${full(seconds)},120 --> ${full(seconds + 12)},010\n${name}: ${text}`,
      )
      .join('\n\n'),
  'SRT in halves': (turns) => {
    let cue = 0;
    return turns
      .flatMap(({ name, text, seconds }) => {
        const words = text.split(' ');
        const half = Math.ceil(words.length / 2);
        return [`${name}: ${words.slice(0, half).join(' ')}`, words.slice(half).join(' ')]
          .filter((part) => part !== '')
          .map((part, at) => {
            cue += 1;
            return `${cue}\n${full(seconds + at * 6)},120 --> ${full(seconds + at * 6 + 5)},010\n${part}`;
          });
      })
      .join('\n\n');
  },
  '[SPEAKER_00]: text': lines((turn) => `[SPEAKER_0${id(turn)}]: ${turn.text}`),
  'SPEAKER_00 text': lines((turn) => `[SPEAKER_0${id(turn)}] ${turn.text}`),
  'clock [SPEAKER_00]': lines(
    (turn) => `[${full(turn.seconds)}.000 --> ${full(turn.seconds + 9)}.000] [SPEAKER_0${id(turn)}]: ${turn.text}`,
  ),
  'Speaker 1 (clock)': blocks((turn) => `Speaker ${id(turn) + 1} (${short(turn.seconds)})\n${turn.text}`),
  'Speaker 1: text': lines((turn) => `Speaker ${id(turn) + 1}: ${turn.text}`),
  'WhatsApp of iOS': lines(({ name, text, index }) => `[12/8/24, 10:${30 + index}:05] ${name}: ${text}`),
  'WhatsApp of Android': (turns) =>
    `12/8/24 10:29 - Los mensajes y las llamadas están cifrados de extremo a extremo.\n${turns.map(({ name, text, index }) => `12/8/24 10:${30 + index} - ${name}: ${text}`).join('\n')}`,
  'WhatsApp of Android, p. m.': lines(
    ({ name, text, index }) => `12/8/2024, 10:${30 + index} p. m. - ${name}: ${text}`,
  ),
  'Markdown, colon outside': blocks(({ name, text }) => `**${name}**: ${text}`),
  'Markdown, colon inside': blocks(({ name, text }) => `**${name}:** ${text}`),
  'Markdown with clock': blocks(({ name, text, seconds }) => `**${name}** *(${minute(seconds)})*\n${text}`),
  'lower-case name: text': lines(({ name, text }) => `${name.toLowerCase()}: ${text}`),
  'e-mail: text': lines((turn) => `${address(turn)}: ${turn.text}`),
  'name (role): text': lines(
    ({ name, text, speaker }) => `${name} (${speaker === 'seller' ? 'Vendedora' : 'Cliente'}): ${text}`,
  ),
  'name (firm): text': lines(
    ({ name, text, speaker, firm }) => `${name} (${speaker === 'seller' ? firm : 'Otra firma'}): ${text}`,
  ),
  'name > text': lines(({ name, text }) => `${name} > ${text}`),
  '<name> text': lines(({ name, text }) => `<${name}> ${text}`),
  'literal line ends': (turns) => turns.map(({ name, text }) => `${name}: ${text}`).join('\\n'),
  'one line': (turns) => turns.map(({ name, text }) => `${name}: ${text}`).join(' '),
  'one line with clocks': (turns) =>
    turns.map(({ name, text, seconds }) => `[${minute(seconds)}] ${name}: ${text}`).join(' '),
  tab: lines(({ name, text }) => `${name}\t${text}`),
  'clock, tab, name, tab': lines(({ name, text, seconds }) => `${full(seconds)}\t${name}\t${text}`),
  'name line': blocks(({ name, text }) => `${name}\n${text}`),
  'name line, clock line': blocks(({ name, text, seconds }) => `${name}\n${minute(seconds)}\n${text}`),
  'clock line, name: text': blocks(({ name, text, seconds }) => `${full(seconds)}\n${name}: ${text}`),
  'Google Meet': (turns, call) =>
    `Demo (2024-08-01 15:00 GMT-4) - Transcript\nAttendees\n${call.seller}, ${call.client}\n\nTranscript\n\n00:00:00\n${turns.map(({ name, text }) => `\n${name}: ${text}`).join('\n')}\n\nMeeting ended after 00:11:03`,
  CRLF: (turns) => turns.map(({ name, text, seconds }) => `${name}  ${short(seconds)}\r\n${text}\r\n`).join('\r\n'),
  'JSON utterances': (turns) =>
    json({ utterances: turns.map(({ name, text, seconds }) => ({ speaker: name, text, start: seconds })) }),
  'JSON of AssemblyAI': (turns) =>
    json({
      text: turns.map(({ text }) => text).join(' '),
      utterances: turns.map((turn) => ({
        confidence: 0.9,
        start: turn.seconds * 1000,
        end: turn.seconds * 1000 + 900,
        text: turn.text,
        speaker: 'AB'[id(turn)],
        words: turn.text.split(' ').map((word) => ({ text: word, start: 1, speaker: 'AB'[id(turn)] })),
      })),
    }),
  'JSON of Deepgram': (turns) =>
    json({
      results: {
        channels: [{ alternatives: [{ transcript: turns.map(({ text }) => text).join(' '), words: [] }] }],
        utterances: turns.map((turn) => ({
          start: turn.seconds + 0.5,
          end: turn.seconds + 9,
          transcript: turn.text,
          speaker: id(turn),
        })),
      },
    }),
  'JSON of Fireflies': (turns) =>
    json({
      title: 'Demo',
      sentences: turns.map(({ name, text, seconds, index }) => ({
        index,
        speaker_name: name,
        text,
        ai_filters: null,
        start_time: seconds,
      })),
    }),
  'JSON of WhisperX': (turns) =>
    json({
      segments: turns.map((turn) => ({
        start: turn.seconds,
        end: turn.seconds + 9,
        text: ` ${turn.text}`,
        words: [{ word: 'a', start: 0.1 }],
        speaker: `SPEAKER_0${id(turn)}`,
      })),
      word_segments: [],
    }),
  'name: own line': blocks(({ name, text }) => `${name}:\n${text}`),
  'clock line, name line': blocks(({ name, text, seconds }) => `${minute(seconds)}\n${name}\n${text}`),
  'CAPITALS: text': lines(({ name, text }) => `${name.toUpperCase()}: ${text}`),
  'A: text': lines((turn) => `${'AB'[id(turn)]}: ${turn.text}`),
  'V: and C: text': lines((turn) => `${'VC'[id(turn)]}: ${turn.text}`),
  '- name: text': lines(({ name, text }) => `- ${name}: ${text}`),
  '- **name**: text': lines(({ name, text }) => `- **${name}**: ${text}`),
  '1. name: text': lines(({ name, text, index }) => `${index + 1}. ${name}: ${text}`),
  'name, clock': blocks(({ name, text, seconds }) => `${name}, ${minute(seconds)}\n${text}`),
  'name @ clock': blocks(({ name, text, seconds }) => `${name} @ ${short(seconds)}\n${text}`),
  'name · clock': blocks(({ name, text, seconds }) => `${name} · ${short(seconds)}\n${text}`),
  'name [clock]': blocks(({ name, text, seconds }) => `${name} [${full(seconds)}]\n${text}`),
  '### name (clock)': blocks(({ name, text, seconds }) => `### ${name} (${minute(seconds)})\n${text}`),
  '> name: text': lines(({ name, text }) => `> ${name}: ${text}`),
  '<b>name:</b> text': lines(({ name, text }) => `<b>${name}:</b> ${text}`),
  'name, tab, clock, tab': lines(({ name, text, seconds }) => `${name}\t${minute(seconds)}\t${text}`),
  'name clock text': lines(({ name, text, seconds }) => `${name} ${minute(seconds)} ${text}`),
  Slack: blocks(({ name, text, index }) => `${name}  10:${30 + index} AM\n${text}`),
  Telegram: blocks(({ name, text, index }) => `${name}, [12.08.24 10:${30 + index}]\n${text}`),
  'Zoom chat': lines(({ name, text, index }) => `10:${30 + index}:05 From ${name} to Everyone: ${text}`),
  'Teams chat': blocks(({ name, text, index }) => `[10:${30 + index} AM] ${name}\n${text}`),
  'Teams docx of old': blocks(
    ({ name, text, index }) => `0:0:${index * 8 + 2}.120 --> 0:0:${index * 8 + 9}.10\n${name}\n${text}`,
  ),
  'name (role) clock': blocks(
    ({ name, text, seconds, speaker }) =>
      `${name} (${speaker === 'seller' ? 'Vendedora' : 'Cliente'}) ${minute(seconds)}\n${text}`,
  ),
  'name - text': lines(({ name, text }) => `${name} - ${text}`),
  'name — text': lines(({ name, text }) => `${name} — ${text}`),
  '[name - clock] text': lines(({ name, text, seconds }) => `[${name} - ${minute(seconds)}] ${text}`),
  '[name clock] text': lines(({ name, text, seconds }) => `[${name} ${minute(seconds)}] ${text}`),
  '[clock - name] text': lines(({ name, text, seconds }) => `[${minute(seconds)} - ${name}] ${text}`),
  '[name]: text': lines(({ name, text }) => `[${name}]: ${text}`),
  'clock - clock name: text': lines(
    ({ name, text, seconds }) => `${minute(seconds)} - ${minute(seconds + 9)} ${name}: ${text}`,
  ),
  'clock – name: text': lines(({ name, text, seconds }) => `${minute(seconds)} – ${name}: ${text}`),
  'name | text': lines(({ name, text }) => `${name} | ${text}`),
  'clock | name | text': lines(({ name, text, seconds }) => `${minute(seconds)} | ${name} | ${text}`),
  'first name: text': lines(({ name, text }) => `${name.split(' ')[0]}: ${text}`),
  'first name in small letters: text': lines(({ name, text }) => `${name.split(' ')[0]?.toLowerCase()}: ${text}`),
  'name, firm: text': lines(
    ({ name, text, speaker, firm }) => `${name}, ${speaker === 'seller' ? firm : 'Otra firma'}: ${text}`,
  ),
  'name (e-mail): text': lines((turn) => `${turn.name} (${address(turn)}): ${turn.text}`),
  'name <e-mail>: text': lines((turn) => `${turn.name} <${address(turn)}>: ${turn.text}`),
  'one line of small letters': (turns) => turns.map(({ name, text }) => `${name.toLowerCase()}: ${text}`).join(' '),
  'one line of voices': (turns) => turns.map((turn) => `[SPEAKER_0${id(turn)}]: ${turn.text}`).join(' '),
  'one line, Markdown': (turns) => turns.map(({ name, text }) => `**${name}:** ${text}`).join(' '),
  'Google Meet, bold': blocks(({ name, text, seconds }) => `### ${full(seconds)}\n\n**${name}:** ${text}`),
  'ISO time': lines(({ name, text, seconds }) => `2024-08-12T10:${minute(seconds)}Z ${name}: ${text}`),
  '[ISO date] name': lines(({ name, text, seconds }) => `[2024-08-12 10:${minute(seconds)}] ${name}: ${text}`),
  '[0m 12s] name: text': lines(
    ({ name, text, seconds }) => `[${Math.floor(seconds / 60)}m ${seconds % 60}s] ${name}: ${text}`,
  ),
  'JSON list': (turns) => json(turns.map(({ name, text, seconds }) => ({ speaker: { name }, start: seconds, text }))),
  'JSON, indented': (turns) =>
    JSON.stringify({ transcript: turns.map(({ name, text }) => ({ speaker: name, text })) }, null, 2),
  'JSON of Gong': (turns) =>
    json({
      callTranscripts: [
        {
          callId: '1',
          transcript: turns.map((turn) => ({
            speakerId: `77${id(turn)}`,
            topic: 'Intro',
            sentences: [{ start: turn.seconds * 1000, end: 9, text: turn.text }],
          })),
        },
      ],
    }),
};

const gapSeconds = 13;

export function writeCall(call: Call, layout: string): string {
  const turns = call.turns.map((turn, index) => ({
    ...turn,
    index,
    seconds: 2 + index * gapSeconds,
    name: turn.speaker === 'seller' ? call.seller : call.client,
    firm: call.sellerFirm,
  }));
  const write = layouts[layout];
  if (write === undefined) throw new Error(`There is no layout "${layout}".`);
  return write(turns, call);
}

export const spanishCall: Call = {
  seller: 'Tomás Herrera',
  client: 'Lucía Pardo',
  sellerFirm: 'Vambe',
  turns: [
    { speaker: 'seller', text: 'Hola Lucía, cuéntame de la empresa. ¿Cómo nos conocieron?' },
    {
      speaker: 'client',
      text: 'Somos una clínica dental en Bogotá, Colombia, veinte personas. Los encontré buscando en Google.',
    },
    {
      speaker: 'seller',
      text: 'Perfecto. Trabajamos con tiendas y colegios. Una tienda en Madrid con 900 empleados recibe 5000 mensajes diarios y le urge responder.',
    },
    { speaker: 'seller', text: '¿Cuántos mensajes reciben ustedes?' },
    {
      speaker: 'client',
      text: 'Recibimos 120 mensajes por día y no damos abasto. Buscamos una solución que se integre con HubSpot.',
    },
    { speaker: 'seller', text: 'Se integra con HubSpot, Zendesk y Shopify. El plan cuesta 400 dólares.' },
    { speaker: 'client', text: 'Suena muy bien, nos interesa.' },
  ],
};

export const englishCall: Call = {
  seller: 'Mark Doyle',
  client: 'Susan Price',
  sellerFirm: 'Vambe',
  turns: [
    { speaker: 'seller', text: 'Hi Susan, tell me about your company. How did you hear about us?' },
    {
      speaker: 'client',
      text: "We're a dental clinic in Bogota, Colombia, with twenty people. A friend recommended you.",
    },
    {
      speaker: 'seller',
      text: 'Great. We work with hotels and banks. One in Mexico City with 800 employees handles 3000 inquiries a day and it is urgent for them.',
    },
    {
      speaker: 'client',
      text: "We get 90 messages a day and the front desk can't keep up. We need a solution that integrates with Google Calendar.",
    },
    {
      speaker: 'seller',
      text: 'It integrates with Google Calendar, HubSpot and Salesforce. Pricing starts at 300 dollars.',
    },
    { speaker: 'client', text: 'Good, we are interested.' },
  ],
};
