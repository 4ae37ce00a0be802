/** The names under which files give the cells of a meeting: ours, plain Spanish and English, and those of CRM exports. */

/** Cell names by the column name that people see (the format of the API's own import). */
export const meetingColumns = {
  name: 'Nombre',
  email: 'Correo Electronico',
  phone: 'Numero de Telefono',
  date: 'Fecha de la Reunion',
  seller: 'Vendedor asignado',
  closed: 'closed',
  transcript: 'Transcripcion',
} as const;

export type MeetingCell = keyof typeof meetingColumns;
/** Columns that complete a cell: `Apellido` the name, `Hora` the date; `Speaker` is of one utterance. */
type PartCell = 'firstName' | 'lastName' | 'time' | 'speaker';

export const cellNames = Object.keys(meetingColumns) as MeetingCell[];

/**
 * Names by tier, the surest first: where a file has names of several tiers the first tier is taken, where it has two of
 * one tier the file does not say which is meant. HubSpot, Salesforce and Pipedrive write the longer English names.
 */
const namesByTier: Readonly<Record<MeetingCell | PartCell, readonly (readonly string[])[]>> = {
  name: [
    ['Nombre'],
    [
      ...['Cliente', 'Nombre cliente', 'Nombre del cliente', 'Nombre completo', 'Contacto', 'Nombre del contacto'],
      ...['Nombre de contacto', 'Persona de contacto', 'Contacto asociado', 'Prospecto', 'Nombre del prospecto'],
      ...['Name', 'Full name', 'Client', 'Client name', 'Customer', 'Customer name', 'Contact', 'Contact name'],
      ...['Contact full name', 'Contact: Full Name', 'Contact person', 'Primary contact', 'Associated contact'],
      ...['Lead', 'Lead name', 'Prospect', 'Prospect name', 'Person - Name', 'Deal - Contact person'],
      ...['Activity - Contact person', 'Person', 'Persona', 'Attendee', 'Guest name'],
    ],
    [
      ...['Empresa', 'Nombre de la empresa', 'Nombre empresa', 'Empresa asociada', 'Cuenta', 'Nombre de la cuenta'],
      ...['Company', 'Company name', 'Associated company', 'Primary company', 'Account', 'Account name', 'Business'],
      ...['Organization', 'Organisation', 'Organization - Name', 'Deal - Organization', 'Activity - Organization'],
      ...['Organización', 'Razón social', 'Negocio'],
    ],
    [
      ...['Deal name', 'Deal', 'Deal - Title', 'Opportunity', 'Opportunity name', 'Nombre del negocio'],
      ...['Nombre del trato', 'Trato - Título', 'Oportunidad', 'Nombre de la oportunidad'],
    ],
  ],
  email: [
    ['Correo Electronico'],
    [
      ...['Correo', 'Email', 'Mail', 'Email address', 'Correo del cliente', 'Correo cliente', 'Correo de contacto'],
      ...['Email del cliente', 'Email cliente', 'Client email', 'Customer email', 'Contact email', 'Contact: Email'],
      ...['Lead email', 'Prospect email', 'Person - Email', 'Person - Email - Work', 'Attendee email', 'Guest email'],
      ...['Dirección de correo', 'Dirección de correo electrónico', 'Correo electrónico del contacto'],
    ],
    ['Work email', 'Email (work)', 'Correo de trabajo'],
    ['Person - Email - Home', 'Person - Email - Other', 'Personal email', 'Correo personal'],
  ],
  phone: [
    ['Numero de Telefono'],
    [
      ...['Teléfono', 'Fono', 'Tel', 'Número', 'N° de teléfono', 'Nro de teléfono', 'Teléfono del cliente'],
      ...['Teléfono cliente', 'Teléfono de contacto', 'Phone', 'Phone number', 'Telephone', 'Client phone'],
      ...['Customer phone', 'Contact phone', 'Contact: Phone', 'Person - Phone', 'Person - Phone - Work'],
    ],
    ['Celular', 'Móvil', 'Mobile', 'Mobile phone', 'Mobile phone number', 'Cell', 'Cell phone', 'Contact: Mobile'],
    ['WhatsApp', 'Person - Phone - Mobile', 'Person - Phone - Home', 'Business phone', 'Home phone', 'Other phone'],
  ],
  date: [
    ['Fecha de la Reunion'],
    [
      ...['Fecha reunión', 'Fecha de reunión', 'Fecha de la llamada', 'Fecha llamada', 'Fecha de llamada'],
      ...['Fecha y hora', 'Fecha de actividad', 'Fecha de la actividad', 'Meeting date', 'Date of meeting'],
      ...['Call date', 'Date of call', 'Meeting at', 'Activity date', 'Activity - Due date', 'Due date', 'Held on'],
      ...['Date and time', 'Date/Time', 'Datetime', 'Meeting start time', 'Call start time', 'Recorded at'],
    ],
    ['Fecha', 'Date', 'Día', 'Day', 'Timestamp'],
    ['Start time', 'Start', 'Start date', 'Started at', 'Fecha de inicio', 'Inicio', 'Activity - Marked as done time'],
    [
      ...['Close date', 'Closed date', 'Deal - Expected close date', 'Deal - Won time', 'Deal - Deal closed on'],
      ...['Fecha de cierre', 'Create date', 'Created', 'Created date', 'Created at', 'Deal - Deal created'],
      ...['Fecha de creación', 'Last activity date', 'Last modified date', 'Fecha de la última actividad'],
    ],
  ],
  seller: [
    ['Vendedor asignado'],
    [
      ...[
        'Vendedor',
        'Vendedora',
        'Nombre del vendedor',
        'Nombre vendedor',
        'Ejecutivo',
        'Ejecutiva',
        'Ejecutivo comercial',
      ],
      ...[
        'Ejecutivo de ventas',
        'Ejecutivo de cuenta',
        'Asesor',
        'Asesor comercial',
        'Comercial',
        'Seller',
        'Seller name',
      ],
      ...['Sales rep', 'Sales representative', 'Sales person', 'Salesperson', 'Rep', 'Rep name', 'Account executive'],
    ],
    [
      ...['Activity assigned to', 'Activity - Assigned to user', 'Assigned to', 'Assigned', 'Asignado a', 'Asignado'],
      ...['Responsable', 'Host', 'Organizer', 'Anfitrión', 'Organizador', 'Call owner', 'Agent', 'Agente'],
    ],
    [
      ...['Deal owner', 'Deal - Owner', 'Opportunity owner', 'Opportunity: Owner', 'Opportunity Owner: Full Name'],
      ...['Propietario del negocio', 'Propietario de la oportunidad', 'Trato - Propietario'],
    ],
    ['Owner', 'Owner name', 'Owner full name', 'Owner: Full Name', 'Propietario', 'User', 'Usuario'],
    ['Contact owner', 'Account owner', 'Lead owner', 'Company owner', 'Propietario del contacto', 'Person - Owner'],
  ],
  closed: [
    // Salesforce's "Closed" is true for lost deals, too: beside "Won" it is not clear what is meant.
    ['closed', 'Is closed', 'Won', 'Is won'],
    ['Cerrado', 'Cerrada', 'Ganado', 'Ganada', 'Venta cerrada', 'Venta ganada', 'Cerró', 'Compró', 'Deal closed'],
    [
      ...['Deal stage', 'Stage', 'Opportunity stage', 'Deal - Status', 'Deal status', 'Etapa', 'Etapa del negocio'],
      ...['Etapa de la oportunidad', 'Trato - Estado', 'Estado del negocio', 'Deal outcome'],
    ],
    ['Status', 'Estado', 'Resultado', 'Result', 'Outcome'],
  ],
  transcript: [
    ['Transcripcion'],
    [
      ...['Transcript', 'Transcription', 'Call transcript', 'Meeting transcript', 'Transcript text', 'Full transcript'],
      ...['Transcripción de la llamada', 'Transcripción de la reunión', 'Transcripción completa', 'Call transcription'],
      ...['Texto de la transcripción', 'Recording transcript', 'Activity - Transcript'],
    ],
    [
      'Conversación',
      'Conversation',
      'Diálogo',
      'Dialogue',
      'Utterance',
      'Sentence',
      'Texto',
      'Text',
      'Message',
      'Mensaje',
    ],
    ['Call notes', 'Meeting notes', 'Call body', 'Notas de la llamada', 'Activity - Note', 'Full comments'],
    ['Notes', 'Note', 'Notas', 'Comments', 'Comentarios', 'Description', 'Descripción', 'Body'],
  ],
  firstName: [['First name', 'Contact first name', 'Given name', 'Nombres', 'Primer nombre', 'Person - First name']],
  lastName: [
    ['Last name', 'Contact last name', 'Surname', 'Family name', 'Apellido', 'Apellidos', 'Person - Last name'],
  ],
  time: [
    [
      ...[
        'Hora',
        'Hora de la reunión',
        'Hora de inicio',
        'Hora reunión',
        'Time',
        'Meeting time',
        'Call time',
        'Start time',
      ],
      ...['Activity - Due time', 'Due time'],
    ],
  ],
  speaker: [
    [
      'Speaker',
      'Speaker name',
      'Hablante',
      'Orador',
      'Interlocutor',
      'Participante',
      'Participant',
      'Said by',
      'Role',
      'Rol',
    ],
  ],
};

/** In lower case, letters and digits alone: a header cell may hold accents, line breaks, zero-width spaces and marks. */
export function normaliseName(name: string): string {
  return name
    .normalize('NFD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}

export interface KnownName {
  readonly cell: MeetingCell | PartCell;
  /** 0 is the surest. */
  readonly tier: number;
}

const known = new Map<string, KnownName[]>();
for (const [cell, tiers] of Object.entries(namesByTier)) {
  for (const [tier, names] of tiers.entries()) {
    for (const name of names) {
      const normal = normaliseName(name);
      const others = known.get(normal) ?? [];
      if (others.some((other) => other.cell === cell)) continue;
      known.set(normal, [...others, { cell: cell as KnownName['cell'], tier }]);
    }
  }
}

/** What a column of this name may be; empty for a name that we do not know. */
export function meaningsOf(name: string): readonly KnownName[] {
  return known.get(normaliseName(name)) ?? [];
}

/** The cell that a person names in `--map`: by any name that we know, or as `name`, `email` …; undefined for another word. */
export function cellOfName(name: string): MeetingCell | undefined {
  const normal = normaliseName(name);
  const byKey = cellNames.find((cell) => cell === normal);
  return byKey ?? cellNames.find((cell) => meaningsOf(name).some((meaning) => meaning.cell === cell));
}

const groupNames = new Set(
  ['call id', 'conversation id', 'meeting id', 'recording id', 'transcript id', 'session id', 'id llamada']
    .concat(['id de la llamada', 'id reunion', 'id de la reunion', 'id conversacion', 'call', 'llamada'])
    .map(normaliseName),
);

/** Whether a column of this name may say which call an utterance is of. */
export function isGroupName(name: string): boolean {
  return groupNames.has(normaliseName(name));
}
