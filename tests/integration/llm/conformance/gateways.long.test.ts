/** As gateways answer that put a provider's words behind their own: LiteLLM, Bedrock behind it; and providers with errors of their own form. */
import { openAiDialect } from '../../../../src/services/classification/model/providers/openai-dialect.ts';
import { asks, describeFaults, describeLength, describeRefusals, error, has } from './suite.ts';

const litellmOf = (status: number, message: string) =>
  error(status, { message, type: null, param: null, code: String(status) });
const litellm = (message: string) => litellmOf(400, message);

describeRefusals({
  name: 'LiteLLM',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'it knows what a model does not take',
      refuses: has('temperature'),
      answer: litellm(
        "litellm.UnsupportedParamsError: openai does not support parameters: ['temperature'], for model=o3-mini. To drop these, set `litellm.drop_params=True`",
      ),
      learns: ['temperature'],
    },
    {
      says: 'it names two parts at once',
      refuses: (body) => has('temperature')(body) || asks('json_schema')(body),
      answer: litellm(
        "litellm.UnsupportedParamsError: together_ai does not support parameters: ['temperature', 'response_format'], for model=x.",
      ),
      learns: ['json_schema', 'temperature'],
    },
    {
      says: 'it knows what a family of models does not take',
      refuses: has('temperature'),
      answer: litellm(
        "litellm.UnsupportedParamsError: gpt-5 models (including gpt-5-codex) don't support temperature=0. Only temperature=1 is supported.",
      ),
      learns: ['temperature'],
    },
    {
      says: "it repeats a provider's error as JSON",
      refuses: has('max_tokens'),
      answer: litellm(
        'litellm.BadRequestError: AzureException BadRequestError - {\n  "error": {\n    "message": "Unsupported parameter: \'max_tokens\' is not supported with this model.",\n    "type": "invalid_request_error",\n    "param": "max_tokens",\n    "code": null\n  }\n}. Received Model Group=azure/o3-mini\nAvailable Model Group Fallbacks=None',
      ),
      learns: ['max_tokens'],
    },
    {
      says: "it repeats a provider's error as Python writes it",
      refuses: has('temperature'),
      answer: litellm(
        "litellm.BadRequestError: OpenAIException - Error code: 400 - {'error': {'message': \"Unsupported parameter: 'temperature' is not supported with this model.\", 'type': 'invalid_request_error', 'param': 'temperature', 'code': 'unsupported_parameter'}}",
      ),
      learns: ['temperature'],
    },
    {
      says: "it repeats Bedrock's words",
      refuses: has('temperature'),
      answer: litellm(
        'litellm.BadRequestError: BedrockException - {"message":"This model doesn\'t support the temperature field. Remove temperature and try again."}',
      ),
      learns: ['temperature'],
    },
    {
      says: 'a transcript is too long',
      answer: litellm(
        "litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - This model's maximum context length is 128000 tokens.",
      ),
      learns: [],
    },
  ],
});

describeRefusals({
  name: 'xAI, Moonshot and Volcengine',
  api: 'openai',
  dialect: openAiDialect('max_tokens'),
  scenarios: [
    {
      says: 'xAI writes its error as a text',
      refuses: has('response_format'),
      answer: {
        status: 400,
        body: {
          code: 'Client specified an invalid argument',
          error: 'The response_format parameter is unsupported at the moment. Leave it unset.',
        },
      },
      learns: ['json_object', 'json_schema'],
    },
    {
      says: 'Kimi takes one temperature alone',
      refuses: has('temperature'),
      answer: error(400, {
        message: 'invalid temperature: only 1 is allowed for this model',
        type: 'invalid_request_error',
      }),
      learns: ['temperature'],
    },
    {
      says: 'Volcengine names the field of the format',
      refuses: asks('json_schema'),
      answer: error(400, {
        code: 'InvalidParameter',
        message:
          'The parameter `response_format.type` specified in the request are not valid: invalid value: `json_schema`, supported values are: `json_object` and `text`.',
        param: 'response_format.type',
        type: 'BadRequest',
      }),
      learns: ['json_schema'],
    },
  ],
});

const dialect = openAiDialect('max_tokens');

describeFaults('Gateways', 'openai', dialect, [
  {
    says: 'LiteLLM has spent its budget',
    answer: error(400, {
      message: 'Budget has been exceeded! Current cost: 10.51, Max budget: 10.0',
      type: 'budget_exceeded',
      code: '400',
    }),
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'xAI has no credit',
    answer: {
      status: 403,
      body: {
        code: 'The caller does not have permission to execute the specified operation',
        error: 'Your team abc has either used all available credits or reached its monthly spending limit.',
      },
    },
    code: 'MODEL_QUOTA',
    row: 'M6',
  },
  {
    says: 'Bedrock throttles tokens',
    answer: litellmOf(
      429,
      'litellm.RateLimitError: BedrockException - {"message":"Too many tokens, please wait before trying again."}',
    ),
    code: 'MODEL_RATE_LIMITED',
    calls: 5,
    row: 'M8',
  },
]);

describeLength('Gateways', 'openai', dialect, [
  [
    'LiteLLM repeats that a context is too short',
    litellm(
      "litellm.ContextWindowExceededError: litellm.BadRequestError: OpenAIException - This model's maximum context length is 8192 tokens.",
    ),
  ],
  [
    'LiteLLM repeats it as JSON',
    litellm(
      'litellm.BadRequestError: AzureException BadRequestError - {"error": {"message": "x", "code": "context_length_exceeded"}}',
    ),
  ],
  [
    'Bedrock is given too much',
    litellm('litellm.BadRequestError: BedrockException - {"message":"Input is too long for requested model."}'),
  ],
  [
    'Kimi is given too much',
    error(400, {
      message: 'Invalid request: Your request exceeded model token limit: 8192',
      type: 'invalid_request_error',
    }),
  ],
]);
