/** Meetings to work on, put straight into the API's tables. */
import type { Database } from '../../src/core/connections/database.ts';

export const spanishTranscript =
  'Vendedor: Gracias por su tiempo. Cliente: Tenemos una clínica dental y las recepcionistas viven pegadas al teléfono. ' +
  'Nos recomendó un colega. Necesitamos integrar la agenda esta semana, es urgente. Vendedor: Le envío la propuesta mañana.';

export interface MeetingToInsert {
  readonly transcript: string | null;
  readonly sellerPrompt?: string;
}

/** Inserts one client, one seller and these meetings; their ids in order. */
export async function insertMeetings(
  database: Database,
  meetings: readonly (MeetingToInsert | string)[],
): Promise<number[]> {
  const rows = meetings.map((each, n) => ({
    n,
    ...(typeof each === 'string' ? { transcript: each } : { transcript: each.transcript, prompt: each.sellerPrompt }),
  }));
  const found = await database.run<{ id: number }>(
    {
      name: '',
      text: `
with input as (select * from json_to_recordset($1) as t(n int, transcript text, prompt text)),
client as (insert into public.clients (name) values ('Clínica Sonrisa') returning id),
seller as (
  insert into public.sellers (name, email, prompt)
  select 'Ana Pérez', 'ana-' || md5(random()::text) || '@example.com', coalesce((select max(prompt) from input), '') returning id)
insert into public.meetings (client_id, seller_id, meeting_at, transcript)
select client.id, seller.id, timestamptz '2026-01-05 10:00Z' + i.n * interval '1 hour', i.transcript
from input i, client, seller order by i.n returning id`,
    },
    [JSON.stringify(rows)],
  );
  return found.map(({ id }) => id);
}

/** As many meetings with texts of their own. */
export function manyTranscripts(count: number): string[] {
  return Array.from({ length: count }, (_each, index) => `${spanishTranscript} Caso número ${index}.`);
}
