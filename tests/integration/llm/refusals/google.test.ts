/** As generativelanguage.googleapis.com answers; its endpoint for OpenAI clients sends the error in a list. */
import { googleDialect } from '../../../../src/services/classification/model/providers/google-dialect.ts';
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import type { Body } from '../../../helpers/refusing-model.ts';
import { asks, describeRefusals, error, has } from './suite.ts';

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
