/** As generativelanguage.googleapis.com answers; its endpoint for OpenAI clients sends the error in a list. */
import { googleDialect } from '../../../../src/services/classification/model/providers/google-dialect.ts';
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import type { Body } from '../../../helpers/refusing-model.ts';
import { asks, describeFaults, describeLength, describeRefusals, describeReplies, error, has } from './suite.ts';

const status = 'INVALID_ARGUMENT';
const configures =
  (name: string) =>
  ({ generationConfig: config }: Body) =>
    typeof config === 'object' && config !== null && name in config;
const unknownName = (name: string) => {
  const description = `Invalid JSON payload received. Unknown name "${name}" at 'generation_config': Cannot find field.`;
  const details = [
    {
      '@type': 'type.googleapis.com/google.rpc.BadRequest',
      fieldViolations: [{ field: 'generation_config', description }],
    },
  ];
  return error(400, { code: 400, message: description, status, details });
};

describeRefusals({
  name: 'Google',
  api: 'google',
  dialect: googleDialect,
  scenarios: [
    {
      says: 'an old version knows no JSON schema',
      refuses: configures('responseJsonSchema'),
      answer: unknownName('responseJsonSchema'),
      learns: ['responseJsonSchema'],
      sends: { generationConfig: { responseMimeType: 'application/json', temperature: 0 } },
    },
    {
      says: 'a schema is too much for it',
      refuses: configures('responseJsonSchema'),
      answer: error(400, {
        code: 400,
        message: 'The specified schema produces a constraint that has too many states for serving.',
        status,
      }),
      learns: ['responseJsonSchema'],
    },
    {
      says: 'a part of the schema is not known',
      refuses: configures('responseJsonSchema'),
      answer: error(400, {
        code: 400,
        message: `Invalid JSON payload received. Unknown name "anyOf" at 'generation_config.response_json_schema.properties[0]': Cannot find field.`,
        status,
      }),
      learns: ['responseJsonSchema'],
    },
    {
      says: 'Gemma has no JSON mode',
      refuses: configures('responseMimeType'),
      answer: error(400, { code: 400, message: 'JSON mode is not enabled for models/gemma-3-27b-it', status }),
      learns: ['responseJsonSchema', 'responseMimeType'],
    },
    {
      says: 'Gemma has no system instruction',
      refuses: has('systemInstruction'),
      answer: error(400, {
        code: 400,
        message: 'Developer instruction is not enabled for models/gemma-3-27b-it',
        status,
      }),
      learns: ['system role'],
    },
    {
      says: 'the transcript is too long',
      answer: error(400, {
        code: 400,
        message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).',
        status,
      }),
      learns: [],
    },
    {
      says: 'an error gives no reason',
      answer: error(400, { code: 400, message: 'Request contains an invalid argument.', status }),
      learns: [],
    },
  ],
});

describeRefusals({
  name: "Google's endpoint for OpenAI clients",
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'a model has no JSON mode',
      refuses: asks('json_schema'),
      answer: {
        status: 400,
        body: [{ error: { code: 400, message: 'Json mode is not enabled for models/gemma-3-27b-it', status } }],
      },
      learns: ['json_schema'],
    },
    {
      says: 'a field is not known',
      refuses: has('max_tokens'),
      answer: {
        status: 400,
        body: [
          {
            error: {
              code: 400,
              message: 'Invalid JSON payload received. Unknown name "max_tokens": Cannot find field.',
              status,
            },
          },
        ],
      },
      learns: ['max_tokens'],
      sends: { max_completion_tokens: 4_096 },
    },
  ],
});

const violations = (quotaId: string) => [
  { '@type': 'type.googleapis.com/google.rpc.QuotaFailure', violations: [{ quotaId, quotaValue: '250' }] },
];
const exhausted = (message: string, details: readonly unknown[] = []) => ({
  error: { code: 429, message, status: 'RESOURCE_EXHAUSTED', details },
});
const candidate = (finishReason: string, text = '') => ({
  status: 200,
  body: {
    modelVersion: 'm',
    candidates: [{ content: { role: 'model', parts: text === '' ? [] : [{ text }] }, finishReason }],
    usageMetadata: { promptTokenCount: 9 },
  },
});
const daily = exhausted('You exceeded your current quota.', violations('GenerateRequestsPerDayPerProjectPerModel'));
const capped = exhausted('Your project has exceeded its monthly spending cap. Please go to AI Studio to manage it.');
const location = {
  error: { code: 400, message: 'User location is not supported for the API use.', status: 'FAILED_PRECONDITION' },
};
const tooLong = {
  error: {
    code: 400,
    message: 'The input token count (1200000) exceeds the maximum number of tokens allowed (1048575).',
    status,
  },
};

describeFaults('Google', 'google', googleDialect, [
  { says: 'the quota of the day is used up', answer: { status: 429, body: daily }, code: 'MODEL_QUOTA', row: 'M6' },
  { says: 'a spending cap is reached', answer: { status: 429, body: capped }, code: 'MODEL_QUOTA', row: 'M6' },
  {
    says: 'prepaid credit is used up',
    answer: { status: 402, body: exhausted('Your prepayment credits are depleted.') },
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  { says: 'a country is not served', answer: { status: 400, body: location }, code: 'MODEL_REFUSED_KEY', row: 'M5' },
  {
    says: 'a key lacks a right',
    answer: error(403, { code: 403, message: 'No.', status: 'PERMISSION_DENIED' }),
    code: 'MODEL_REFUSED_KEY',
    row: 'M5',
  },
  { says: 'a candidate is blocked', answer: candidate('SAFETY'), code: 'MODEL_REFUSED_CONTENT', row: 'M5' },
  {
    says: 'a candidate ends for another reason',
    answer: candidate('OTHER'),
    code: 'MODEL_UNREACHABLE',
    calls: 2,
    row: 'M8',
  },
  {
    says: 'a candidate is malformed',
    answer: candidate('MALFORMED_RESPONSE', '{'),
    code: 'MODEL_UNREACHABLE',
    calls: 2,
    row: 'M8',
  },
  {
    says: 'there is no candidate, twice',
    answer: { status: 200, body: { modelVersion: 'm', candidates: [], usageMetadata: { promptTokenCount: 9 } } },
    code: 'MODEL_REPLY_INVALID',
    calls: 2,
    row: 'M8',
  },
]);
describeLength('Google', 'google', googleDialect, [['a prompt is too long', { status: 400, body: tooLong }]]);

const compatible = openAiDialect('max_tokens');
describeFaults("Google's endpoint for OpenAI clients", 'openai', compatible, [
  { says: 'the quota of the day is used up', answer: { status: 429, body: [daily] }, code: 'MODEL_QUOTA', row: 'M6' },
  { says: 'a spending cap is reached', answer: { status: 429, body: [capped] }, code: 'MODEL_QUOTA', row: 'M6' },
  { says: 'a country is not served', answer: { status: 400, body: [location] }, code: 'MODEL_REFUSED_KEY', row: 'M5' },
  {
    says: 'a quota of the minute is used up',
    answer: {
      status: 429,
      body: [
        exhausted(
          'You exceeded your current quota, please check your plan and billing details.',
          violations('GenerateRequestsPerMinutePerProjectPerModel'),
        ),
      ],
    },
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M6',
  },
]);
describeLength("Google's endpoint for OpenAI clients", 'openai', compatible, [
  ['a prompt is too long', { status: 400, body: [tooLong] }],
]);

const spoken = (answer: string, usageMetadata: unknown) => ({
  modelVersion: 'model-of-tests',
  candidates: [
    { content: { role: 'model', parts: [{ text: 'x', thought: true }, { text: answer }] }, finishReason: 'STOP' },
  ],
  usageMetadata,
});

describeReplies('Google', 'google', googleDialect, [
  {
    says: 'reasoning is charged as output',
    body: (answer) =>
      spoken(answer, {
        promptTokenCount: 1_000,
        cachedContentTokenCount: 400,
        candidatesTokenCount: 150,
        thoughtsTokenCount: 50,
      }),
    usage: { inputTokens: 1_000, outputTokens: 200, costUsd: 0.6 + 0.04 + 0.4 },
    row: 'M9',
  },
  {
    says: 'the count of its candidates may be absent beside the reasoning',
    body: (answer) => spoken(answer, { promptTokenCount: 1_000, thoughtsTokenCount: 500 }),
    usage: { inputTokens: 1_000, outputTokens: 500, costUsd: 2 },
    row: 'M9',
  },
  {
    says: 'both counts may be absent beside the total',
    body: (answer) => spoken(answer, { promptTokenCount: 1_000, totalTokenCount: 1_600 }),
    usage: { inputTokens: 1_000, outputTokens: 600, costUsd: 2.2 },
    row: 'M9',
  },
]);

describeReplies("Google's endpoint for OpenAI clients", 'openai', compatible, [
  {
    says: 'reasoning is in the total alone',
    body: (answer) => ({
      model: 'model-of-tests',
      choices: [{ message: { role: 'assistant', content: answer }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1_000, completion_tokens: 200, total_tokens: 1_700 },
    }),
    usage: { inputTokens: 1_000, outputTokens: 700, costUsd: 2.4 },
    row: 'M9',
  },
]);
