// A table as an .xlsx: the smallest set of parts that spreadsheets open (ECMA-376, part 1, sections 12.3 and 18.3).

import { zip } from "./zip.js";

const HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n';
const OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
const PACKAGE = "http://schemas.openxmlformats.org/package/2006";
const MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
const TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml";

const SIGNS = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
// XML knows no other control characters than tab and line breaks.
const escaped = (text) => text.replace(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, "").replace(/[&<>"]/g, (sign) => SIGNS[sign]);

// `rows` are lists of numbers and texts, the first of which is in row `firstRow`, from 1.
export async function workbook(rows, sheet = "labels", firstRow = 1) {
  const parts = {
    "[Content_Types].xml": `<Types xmlns="${PACKAGE}/content-types">
<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>
<Override PartName="/xl/workbook.xml" ContentType="${TYPE}.sheet.main+xml"/>
<Override PartName="/xl/worksheets/sheet1.xml" ContentType="${TYPE}.worksheet+xml"/></Types>`,
    "_rels/.rels": relation("officeDocument", "xl/workbook.xml"),
    "xl/_rels/workbook.xml.rels": relation("worksheet", "worksheets/sheet1.xml"),
    "xl/workbook.xml": `<workbook xmlns="${MAIN}" xmlns:r="${OFFICE}">
<sheets><sheet name="${escaped(sheet)}" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    "xl/worksheets/sheet1.xml": `<worksheet xmlns="${MAIN}"><sheetData>
${rows.map((row, index) => rowXml(row, firstRow + index)).join("\n")}
</sheetData></worksheet>`,
  };
  const { blob } = await zip(Object.entries(parts).map(([path, xml]) => [path, HEAD + xml]));
  return blob;
}

const relation = (kind, target) => `<Relationships xmlns="${PACKAGE}/relationships">
<Relationship Id="rId1" Type="${OFFICE}/${kind}" Target="${target}"/></Relationships>`;

function rowXml(row, number) {
  const cells = row.map((value, index) => cellXml(value, `${column(index)}${number}`));
  return `<row r="${number}">${cells.join("")}</row>`;
}

// Texts are texts here, also those that begin like a formula.
function cellXml(value, place) {
  if (typeof value === "number") return `<c r="${place}"><v>${value}</v></c>`;
  if (!value) return "";
  return `<c r="${place}" t="inlineStr"><is><t xml:space="preserve">${escaped(String(value))}</t></is></c>`;
}

// A, B, ..., Z, AA, AB, ...
const column = (index) => (index < 26 ? "" : column(Math.floor(index / 26) - 1)) + String.fromCharCode(65 + (index % 26));
