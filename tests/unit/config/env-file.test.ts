import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readEnvText } from '../../../src/config/env-file.ts';

const valuesOf = (text: string) => {
  const { values, faults } = readEnvText(text);
  expect(faults).toEqual([]);
  return values;
};

describe('a line of .env', () => {
  it.each([
    ['A=b', 'b'],
    ['A = b ', 'b'],
    ['export A=b', 'b'],
    ['\texport  A=b', 'b'],
    ['A=b=c', 'b=c'],
    ['A=', ''],
    ['A=  ', ''],
    ["A=it's", "it's"],
    ['A=a"b"', 'a"b"'],
    ['A=a b', 'a b'],
    ['A="a b " ', 'a b '],
    ['A=""', ''],
    ["A='a\\nb'", 'a\\nb'],
    ['A="a\\nb"', 'a\nb'],
    ['A="a\nb\n"', 'a\nb\n'],
    ['A=`a\r\nb`', 'a\nb'],
    ["A='A: b\nc'", 'A: b\nc'],
    ['A="it\'s"', "it's"],
  ])('%j is read', (text, value) => {
    expect(valuesOf(text)).toEqual({ A: value });
  });

  it.each([
    ['A=abc#def', 'abc#def'],
    ['A=#abc', '#abc'],
    ['A=ab#c # d', 'ab#c'],
    ['A=abc #def', 'abc'],
    ['A=abc\t# d', 'abc'],
    ['A= # d', ''],
    ['A="p # w"#d', 'p # w'],
    ["A='p#w' # d", 'p#w'],
  ])('%j has a comment only after white space or a closing quote (O13)', (text, value) => {
    expect(valuesOf(text)).toEqual({ A: value });
  });

  it('that comes again replaces the first, and empty lines and comments are none', () => {
    expect(valuesOf('\uFEFFA=1\r\n\r\n  # A=2\n \t\n#\rA=3')).toEqual({ A: '3' });
  });

  it('may have any name, also one that every object has', () => {
    expect(Object.keys(valuesOf('__proto__=x\nnpm.A-b=1'))).toEqual(['__proto__', 'npm.A-b']);
  });
});

describe('a line of .env that is no assignment (V3)', () => {
  it.each([
    ['a colon', 'POSTGRES_HOST: secret'],
    ['a colon and an equals sign later', 'POSTGRES_HOST: secret=1'],
    ['a bare word', 'secret'],
    ['export without a value', 'export SECRET'],
    ['no name', '=secret'],
    ['a blank in the name', 'POSTGRES HOST=secret'],
    ['a digit first', '1HOST=secret'],
    ['a quoted name', '"HOST"=secret'],
    ['PowerShell', '$env:HOST="secret"'],
    ['JSON', '{"HOST": "secret"}'],
  ])('is named by its number: %s', (_what, line) => {
    for (const [text, number] of [
      [line, 1],
      [`# mine\n${line}\nPORT=4000`, 2],
      [`A='1\n2'\n\n${line}`, 4],
      [`A=1\r\n${line}\r\n`, 2],
    ] as const) {
      expect(readEnvText(text).faults).toEqual([
        `.env line ${number} must be NAME=value or a # comment. Correct or delete it.`,
      ]);
    }
  });

  it('leaves the lines around it as they are', () => {
    expect(readEnvText('A=1\nPOSTGRES_HOST: db\nB=2\n').values).toEqual({ A: '1', B: '2' });
  });

  it.each(['"', "'", '`'])('is one that opens %s and closes it nowhere', (quote) => {
    const { values, faults } = readEnvText(`A=1\nB=${quote}secret\nC=2`);
    expect(faults).toEqual([expect.stringMatching(/^\.env line 2 opens a quote \(.\) that is not closed\./)]);
    expect(values).toEqual({ A: '1', C: '2' });
  });

  it.each(['B="sec"ret', 'B="sec\\"ret"', "B='a\nsec' ret"])('is one with text after its closing quote: %j', (text) => {
    const { values, faults } = readEnvText(`A=1\n${text}\nC=2`);
    expect(faults).toEqual([expect.stringMatching(/^\.env line 2 has text after its closing quote \(.\)\./)]);
    expect(values).toEqual({ A: '1', C: '2' });
  });

  it('is never shown', () => {
    const word = fc.stringMatching(/^[A-Za-z0-9#"'`:=\\ ]{8,20}$/).map((each) => `Zq${each}`);
    fc.assert(
      fc.property(word, fc.constantFrom('', 'A: ', 'A="', "A='x'", '='), (secret, before) => {
        for (const fault of readEnvText(`${before}${secret}`).faults) expect(fault).not.toContain('Zq');
      }),
    );
  });
});

it('every line of a file is read or named', () => {
  const line = fc.oneof(fc.constantFrom('A=1', 'export B=2', '# c', '', 'A: 1', 'word', '=1'), fc.string());
  fc.assert(
    fc.property(fc.array(line, { maxLength: 12 }), (lines) => {
      const { faults } = readEnvText(lines.join('\n'));
      const isBroken = lines.some((each) => ['A: 1', 'word', '=1'].includes(each));
      const hasQuote = lines.some((each) => /["'`]/.test(each));
      if (isBroken && !hasQuote) expect(faults).not.toEqual([]);
    }),
  );
});
