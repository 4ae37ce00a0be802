/** Small workbooks and Word documents, as Excel and Word write them. */
import { strToU8, zipSync } from 'fflate';

export type Cell = string | number | boolean | null | { readonly date: number } | { readonly error: string };

const escapeXml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const main = 'http://schemas.openxmlformats.org/spreadsheetml/2006/main';
const office = 'http://schemas.openxmlformats.org/officeDocument/2006/relationships';
const packages = 'http://schemas.openxmlformats.org/package/2006/relationships';
const declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>';
const columnOf = (index: number) => String.fromCharCode(65 + index);

export function makeWorkbook(sheets: Readonly<Record<string, readonly (readonly Cell[])[]>>): Uint8Array {
  const strings: string[] = [];
  const members: Record<string, string> = {};
  for (const [at, rows] of Object.values(sheets).entries()) {
    const lines = rows.map((row, index) => {
      const cells = row.map((cell, column) => toXml(cell, `${columnOf(column)}${index + 1}`, strings)).join('');
      return row.length === 0 ? '' : `<row r="${index + 1}">${cells}</row>`;
    });
    members[`xl/worksheets/sheet${at + 1}.xml`] =
      `${declaration}<worksheet xmlns="${main}"><sheetData>${lines.join('')}</sheetData></worksheet>`;
  }
  const names = Object.keys(sheets);
  const list = names.map((name, at) => `<sheet name="${escapeXml(name)}" sheetId="${at + 1}" r:id="rId${at + 1}"/>`);
  members['xl/workbook.xml'] =
    `${declaration}<workbook xmlns="${main}" xmlns:r="${office}"><sheets>${list.join('')}</sheets></workbook>`;
  const relations = names.map(
    (_, at) => `<Relationship Id="rId${at + 1}" Type="${office}/worksheet" Target="worksheets/sheet${at + 1}.xml"/>`,
  );
  relations.push(`<Relationship Id="rIdS" Type="${office}/sharedStrings" Target="sharedStrings.xml"/>`);
  relations.push(`<Relationship Id="rIdT" Type="${office}/styles" Target="styles.xml"/>`);
  members['xl/_rels/workbook.xml.rels'] =
    `${declaration}<Relationships xmlns="${packages}">${relations.join('')}</Relationships>`;
  members['xl/styles.xml'] =
    `${declaration}<styleSheet xmlns="${main}"><cellStyleXfs count="1"><xf numFmtId="0"/></cellStyleXfs><cellXfs count="2"><xf numFmtId="0" xfId="0"/><xf numFmtId="14" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>`;
  members['xl/sharedStrings.xml'] =
    `${declaration}<sst xmlns="${main}">${strings.map((text) => `<si><t xml:space="preserve">${escapeXml(text)}</t></si>`).join('')}</sst>`;
  members['_rels/.rels'] =
    `${declaration}<Relationships xmlns="${packages}"><Relationship Id="rId1" Type="${office}/officeDocument" Target="xl/workbook.xml"/></Relationships>`;
  members['[Content_Types].xml'] =
    `${declaration}<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="xml" ContentType="application/xml"/><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>`;
  return zip(members);
}

function toXml(cell: Cell, address: string, strings: string[]): string {
  if (cell === null) return '';
  if (typeof cell === 'boolean') return `<c r="${address}" t="b"><v>${cell ? 1 : 0}</v></c>`;
  if (typeof cell === 'number') return `<c r="${address}"><v>${cell}</v></c>`;
  if (typeof cell === 'string') return `<c r="${address}" t="s"><v>${strings.push(cell) - 1}</v></c>`;
  if ('error' in cell) return `<c r="${address}" t="e"><v>${cell.error}</v></c>`;
  return `<c r="${address}" s="1"><v>${cell.date}</v></c>`;
}

/** Each paragraph as its runs: `\t` and `\n` become Word's tabs and breaks. */
export function makeDocument(paragraphs: readonly string[], extra = ''): Uint8Array {
  const body = paragraphs.map((text) => {
    const runs = text.split(/(\t|\n)/).map((piece) => {
      if (piece === '\t') return '<w:r><w:tab/></w:r>';
      if (piece === '\n') return '<w:r><w:br/></w:r>';
      return `<w:r><w:t xml:space="preserve">${escapeXml(piece)}</w:t></w:r>`;
    });
    return `<w:p><w:pPr><w:pStyle w:val="Normal"/></w:pPr>${runs.join('')}</w:p>`;
  });
  const namespaces =
    'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"';
  return zip({
    'word/document.xml': `${declaration}<w:document ${namespaces}><w:body>${body.join('')}${extra}</w:body></w:document>`,
  });
}

export function zip(members: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  const bytes = Object.entries(members).map(([name, content]) => [
    name,
    typeof content === 'string' ? strToU8(content) : content,
  ]);
  return zipSync(Object.fromEntries(bytes));
}
