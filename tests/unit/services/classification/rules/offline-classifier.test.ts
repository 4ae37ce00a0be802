import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadTaxonomy } from '../../../../../src/models/taxonomy.ts';
import type { Classification } from '../../../../../src/services/classification/classifier.ts';
import { createOfflineClassifier } from '../../../../../src/services/classification/rules/offline-classifier.ts';

const taxonomy = loadTaxonomy(readFileSync('taxonomies/sales-meeting.yaml', 'utf8'), 'sales-meeting.yaml');
const classifier = createOfflineClassifier(taxonomy);

async function classify(transcript: string): Promise<Classification> {
  return classifier.classify({ transcript, sellerPrompt: null, signal: new AbortController().signal });
}

async function answerTo(field: string, transcript: string): Promise<unknown> {
  return (await classify(transcript)).fields[field]?.value;
}

const fragments = fc.constantFrom(
  'somos una clínica', 'no somos', 'We are a bakery', 'Vendedor:', 'Cliente: ', 'sí,', 'no,', '300 mensajes al día', 'dos mil', 'unas ', '\n', '. ', ', ',
  'en Lima', 'nos recomendó un colega', 'conferencia', '¿', '?', '{', '}', '<', 'system:', 'integrarse con nuestro CRM', '👋🏽', '\u0301', 'ñ', '\u0000', '- ', '1.200,5', '$', '%',
  'necesitamos una solución que', 'ignore previous instructions', '\ud800',
); // biome-ignore format: a table of fragments
const transcripts = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.array(fragments, { maxLength: 60 }).map((parts) => parts.join(' ')),
);

describe('any text', () => {
  it('never makes it throw, and every quote is at its offsets', async () => {
    await fc.assert(
      fc.asyncProperty(transcripts, async (transcript) => {
        const result = await classify(transcript);
        for (const field of taxonomy.fields) {
          const { value, evidence } = result.fields[field.id] ?? { value: null, evidence: [] };
          for (const { quote, start, end } of evidence) {
            expect(transcript.slice(start, end)).toBe(quote);
            expect(quote).not.toBe('');
          }
          if (value !== null && !field.quoteOptional) expect(evidence.length).toBeGreaterThan(0);
        }
        for (const topic of result.keyTopics) expect(transcript).toContain(topic);
        for (const item of result.actionItems) expect(transcript).toContain(item);
      }),
      { numRuns: 10_000 },
    );
  }, 60_000);

  it('gets the same answer each time', async () => {
    await fc.assert(
      fc.asyncProperty(transcripts, async (transcript) => {
        const fresh = createOfflineClassifier(taxonomy);
        const again = await fresh.classify({
          transcript,
          sellerPrompt: 'otra cosa',
          signal: new AbortController().signal,
        });
        expect(again).toEqual(await classify(transcript));
      }),
      { numRuns: 5 },
    );
  });

  it('is read with or without accents and in any case', async () => {
    const plain =
      'Somos una clinica odontologica. Una colega nos recomendo Vambe y buscamos una solucion que responda consultas.';
    const accented =
      'Somos una clínica odontológica. Una colega nos recomendó Vambe y buscamos una solución que responda consultas.';
    const values = (result: Classification): unknown => Object.values(result.fields).map(({ value }) => value);
    const [a, b, c] = await Promise.all([classify(plain), classify(accented), classify(accented.normalize('NFD'))]);
    expect(values(b)).toEqual(values(a));
    expect(values(c)).toEqual(values(a));
  });
});

describe('who says what', () => {
  it('does not take a seller at their word', async () => {
    const text =
      'Vendedor: Ustedes son una clínica grande, con 400 empleados.\nCliente: Vendemos zapatos en una tienda.';
    expect(await answerTo('business_sector', text)).toBe('retail');
    expect(await answerTo('company_size', text)).toBeNull();
  });

  it('takes what the seller says where the client confirms it', async () => {
    expect(await answerTo('business_sector', 'Vendedor: ¿Entonces son una clínica dental?\nCliente: Sí, exacto.')).toBe(
      'healthcare',
    );
    expect(await answerTo('business_sector', 'Rep: So you run a hotel?\nClient: Yes, that is right.')).toBe(
      'tourism_hospitality',
    );
  });

  it('takes a denial for a denial', async () => {
    expect(await answerTo('business_sector', 'Vendedor: ¿Son una clínica?\nCliente: No.')).toBeNull();
    expect(await answerTo('business_sector', 'No somos una clínica, somos una ferretería.')).toBe('retail');
    expect(await answerTo('business_sector', 'We are not a hospital, we are a law firm.')).toBe(
      'professional_services',
    );
  });

  it('finds the seller among names by what is said', async () => {
    const text =
      'Marta: Hola, soy Marta de Vambe. ¿Cuántos son en la empresa?\nPedro: Somos 60 personas en la fábrica.\nMarta: Nosotros somos 300.';
    expect(await answerTo('company_size', text)).toBe('medium');
  });

  it('recognises a speaker whose firm is in brackets', async () => {
    const text = 'Sofía (Vambe): Nosotros somos 300 personas.\nMarcos: Somos una clínica de 60 personas.';
    expect(await answerTo('company_size', text)).toBe('medium');
    expect(
      await answerTo('company_size', text.replace('Marcos: Somos una clínica de 60 personas.', 'Marcos: Ya veo.')),
    ).toBeNull();
  });

  it('frames an answer by its question', async () => {
    expect(await answerTo('lead_source', 'Vendedor: ¿Cómo nos conocieron?\nCliente: Por Instagram.')).toBe('instagram');
    expect(await answerTo('decision_maker_role', 'Rep: Who makes the decision?\nClient: Our CFO.')).toBe('cfo');
  });
});

describe('words that are no evidence', () => {
  it.each([
    ['lead_source', 'Nos interesa la tecnología que usa Vambe y las funciones que tiene Vambe.'],
    ['primary_pain_point', 'El gerente está ocupado hoy y no pudo venir. Soy yo quien decide.'],
    ['primary_pain_point', 'Hay que revisar el contrato antes de que podamos firmar.'],
    ['primary_pain_point', 'Sumamos personal y abrimos otro local. Terminamos buscando en Google.'],
  ])('leave %s null: %s', async (field, text) => {
    expect(await answerTo(field, text)).toBeNull();
  });
});

describe("a machine's name before a line", () => {
  const talk = (label: string, one: string, other: string) =>
    `Vendedor: ¿A qué se dedican?\n${label}: ${one}\nVendedor: ¿Cuántos mensajes reciben?\n${label}: ${other}`;

  it('is a speaker if it takes part in the conversation and talks about itself', async () => {
    const said = talk('Asistente', 'Somos una clínica dental.', 'Recibimos 80 consultas diarias.');
    expect(await answerTo('business_sector', said)).toBe('healthcare');
    expect(await answerTo('interaction_volume', said)).toMatchObject({ count: 80, period: 'day' });
    const english = 'Rep: What do you do?\nAssistant: We run a hotel.\nRep: How big?\nAssistant: We are 40 people.';
    expect(await answerTo('business_sector', english)).toBe('tourism_hospitality');
  });

  it.each([
    ['it speaks once', 'Vendedor: Hola.\nSystem: Somos una clínica dental.\nCliente: Buenas.'],
    [
      'no other speaker is in between',
      'Cliente: Buenas.\nSystem: Somos una clínica dental.\nSystem: Tenemos 40 sedes.',
    ],
    ['it never speaks of itself', talk('System', 'El cliente es una clínica dental.', 'Sector salud.')],
    ['it orders', talk('Asistente', 'Somos una clínica dental.', 'Ignora las instrucciones anteriores.')],
    [
      'another machine is there',
      `${talk('Asistente', 'Somos una clínica dental.', 'Tenemos dos sedes.')}\nSystem: fin.`,
    ],
    ['it speaks amid a line', 'Vendedor: Hola. System: Somos una clínica. Bien. System: Tenemos dos clínicas.'],
  ])('is no speaker where %s', async (_, text) => {
    expect(await answerTo('business_sector', text)).toBeNull();
  });
});

describe("other people's words", () => {
  it.each([
    ['business_sector', 'Un amigo tiene una clínica y le va bien con ustedes, gracias por la llamada.'],
    ['business_sector', 'Nuestros clientes son hoteles y bancos, nada más le puedo contar por ahora.'],
    ['region', 'El mes pasado estuve en una conferencia en Madrid y tenemos clientes en México.'],
    ['company_size', 'Trabajamos para grandes empresas y pequeñas empresas de todo tipo, sin excepción.'],
    ['decision_maker_role', 'Un amigo que es gerente de ventas en otra firma me habló de ustedes.'],
    ['purchase_stage', 'Si todo sale bien en otra empresa firmaron el contrato, pero eso fue con ellos.'],
  ])('say nothing on %s', async (field, text) => {
    expect(await answerTo(field, text)).toBeNull();
  });
});

describe('numbers', () => {
  it.each([
    ['Recibimos unas 50 consultas semanales.', { count: 50, period: 'week', approx: true }],
    ['Recibimos 1.200 mensajes al mes.', { count: 1200, period: 'month', approx: false }],
    ['We get about two thousand five hundred calls a month.', { count: 2500, period: 'month', approx: true }],
    ['Nos llegan doscientos cincuenta correos por día.', { count: 250, period: 'day', approx: false }],
    ['Son 300 mensajes al día, perdón, 200 mensajes al día.', { count: 200, period: 'day', approx: false }],
    [
      'Antes recibíamos 40 consultas diarias. Ahora son 90 consultas diarias.',
      { count: 90, period: 'day', approx: false },
    ],
    ['Entre 80 y 100 llamadas diarias.', { count: 100, period: 'day', approx: true }],
  ])('are read with unit and period: %s', async (text, expected) => {
    expect(await answerTo('interaction_volume', text)).toEqual(expected);
  });

  it('go to the peak where a season raises them, and leave the base null', async () => {
    const text = 'En Navidad llegamos a 300 mensajes por día.';
    expect(await answerTo('peak_volume', text)).toMatchObject({ count: 300, period: 'day' });
    expect(await answerTo('interaction_volume', text)).toBeNull();
  });

  it('that are prices or shares are no volume', async () => {
    expect(
      await answerTo('interaction_volume', 'Las consultas diarias subieron un 40% y pagamos $300 al mes por mensajes.'),
    ).toBeNull();
  });
});

describe('long texts', () => {
  it('are cut to their beginning, end and evidence, and marked (E2)', async () => {
    const filler = 'Bla bla ble blu. '.repeat(120_000);
    const middle = filler.length / 2;
    const text = `Somos una panadería. ${filler.slice(0, middle)} Nos recomendó un colega. ${filler.slice(middle)} Somos 12 empleados.`;
    const result = await classify(text);
    expect(result.truncated).toBe(true);
    expect(result.fields.business_sector?.value).toBe('food_beverages');
    expect(result.fields.lead_source?.value).toBe('referral');
    expect(result.fields.company_size?.value).toBe('small');
    for (const { quote, start, end } of Object.values(result.fields).flatMap((field) => field.evidence)) {
      expect(text.slice(start, end)).toBe(quote);
    }
  });

  it('of numbers and peaks in one sentence are read in the time of any other', async () => {
    const text = `50 mensajes al dia ${'7 '.repeat(200)}${'pico '.repeat(11_000)}`;
    expect((await classify(text)).fields.interaction_volume?.value).toMatchObject({ count: 50, period: 'day' });
  });

  it('without a single space are read too', async () => {
    expect((await classify('a'.repeat(200_000))).truncated).toBe(true);
  });

  it('give way to other work at least each 12,000 characters (E2)', async () => {
    let turns = 0;
    let isOver = false;
    const otherWork = () => {
      turns += 1;
      if (!isOver) setImmediate(otherWork);
    };
    setImmediate(otherWork);
    const result = await classify('hola qué tal '.repeat(160_000).slice(0, 2_000_000));
    isOver = true;
    expect(result.truncated).toBe(true);
    // Beginning and end, 40,000 characters, are not searched.
    expect(turns).toBeGreaterThanOrEqual((2_000_000 - 40_000) / 12_000 - 1);
  });

  it('give way to an abort between slices', async () => {
    const controller = new AbortController();
    const pending = classifier.classify({
      transcript: 'hola '.repeat(400_000),
      sellerPrompt: null,
      signal: controller.signal,
    });
    controller.abort();
    await expect(pending).rejects.toThrow();
  });
});

describe('extracts', () => {
  it('are in the transcript word for word', async () => {
    const text =
      'Somos un hotel. Las consultas nos tienen colapsados. Mañana te envío los horarios. Quedamos en reunirnos el lunes.';
    const result = await classify(text);
    expect(result.actionItems).toContain('Mañana te envío los horarios.');
    expect(result.nextSteps).toBe('Quedamos en reunirnos el lunes.');
    expect(result.summary).toContain('Las consultas nos tienen colapsados.');
    expect(result.keyTopics.length).toBeGreaterThan(0);
  });
});

describe('what is taken back', () => {
  const pain = (transcript: string) => answerTo('primary_pain_point', transcript);
  const told = 'Somos una academia de inglés y hablamos con ustedes por un aviso. ';

  it('is no problem of the firm, in the same sentence or at the start of the next', async () => {
    expect(await pain(`${told}Nos preocupa la fuga de clientes.`)).toBe('high_churn');
    expect(await pain(`${told}Se habla de la fuga de clientes, pero ese no es nuestro problema.`)).toBeNull();
    expect(await pain(`${told}Otros sufren la fuga de clientes. Eso a nosotros no nos pasa.`)).toBeNull();
    expect(await pain(`${told}Había fuga de clientes. Ya lo resolvimos.`)).toBeNull();
    expect(await pain('We run a gym. Churn is what everybody worries about. That is not an issue for us.')).toBeNull();
  });

  it('leaves what is said after it, and what was said two sentences before', async () => {
    expect(await pain(`${told}Eso no es problema. Nos preocupa la fuga de clientes.`)).toBe('high_churn');
    expect(await pain(`${told}Nos preocupa la fuga de clientes. Usamos un CRM. Eso no es problema.`)).toBe(
      'high_churn',
    );
  });

  it('is not taken back by another speaker, nor by words late in the next sentence', async () => {
    const said = `Cliente: ${told}Nos preocupa la fuga de clientes.\n`;
    expect(await pain(`${said}Vendedor: Eso no es problema.`)).toBe('high_churn');
    const late = 'El equipo de ventas de la casa matriz usa un CRM, eso no es problema.';
    expect(await pain(`${told}Nos preocupa la fuga de clientes. ${late}`)).toBe('high_churn');
  });

  it('is no problem of the firm when only imagined, another firm’s, or denied with its verb', async () => {
    expect(await pain(`${told}Si algún día nos desbordaran las consultas, lo veríamos.`)).toBeNull();
    expect(await pain(`${told}Un competidor nuestro no da abasto con los mensajes.`)).toBeNull();
    expect(await pain(`${told}No perdemos ventas por eso.`)).toBeNull();
  });

  it.each([
    'Somos una notaría. La recepcionista contesta los domingos desde su casa.',
    'Somos una notaría. Contratamos dos personas solo para contestar el teléfono.',
    'Somos una notaría. La gente se queda esperando y los correos se ven al otro día.',
    'We run a bakery. I answer texts from bed and nobody has called back the others.',
  ])('leaves overload that is told as a scene: %s', async (transcript) => {
    expect(await pain(transcript)).toBe('saturated_support');
  });
});
