"use strict";

// All content is inserted as text, never as markup.
function make(tag, text, ...children) {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
}

function code(text) {
  return make("code", text);
}

function block(value) {
  return make("pre", typeof value === "string" ? value : JSON.stringify(value, null, 2));
}

function resolve(contract, value) {
  return value && value.$ref ? value.$ref.slice(2).split("/").reduce((node, part) => node[part], contract) : value;
}

function kind(schema) {
  const words = [schema.type || ""];
  if (schema.enum) words.push(schema.enum.join(" | "));
  if (schema.items) words.push("of " + kind(schema.items));
  if (schema.minimum !== undefined) words.push(`${schema.minimum} to ${schema.maximum}`);
  if (schema.default !== undefined) words.push(`default ${schema.default}`);
  return words.join(" ");
}

function parameterRow(parameter, inputs) {
  const input = make("input");
  input.setAttribute("aria-label", parameter.name);
  inputs.push([parameter, input]);
  const note = make("td", parameter.description || "");
  note.className = "note";
  const row = make("tr");
  row.append(make("td", "", code(parameter.name)), make("td", kind(parameter.schema)), note, make("td", "", input));
  return row;
}

function address(path, inputs) {
  const query = new URLSearchParams();
  let filled = path;
  for (const [parameter, input] of inputs) {
    const value = input.value.trim();
    if (parameter.in === "path") filled = filled.replace(`{${parameter.name}}`, encodeURIComponent(value));
    else if (value && parameter.explode) value.split(/\s+/).forEach((part) => query.append(parameter.name, part));
    else if (value) query.append(parameter.name, value);
  }
  return query.size ? `${filled}?${query}` : filled;
}

async function send(path, inputs, output) {
  const url = address(path, inputs);
  const token = document.getElementById("token").value.trim();
  const answer = await fetch(url, { headers: token ? { Authorization: `Bearer ${token}` } : {} });
  const text = await answer.text();
  let shown = text;
  try {
    shown = JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    // Not JSON: show the unchanged text.
  }
  output.replaceChildren(code(`GET ${url}`), make("p", `${answer.status} ${answer.headers.get("etag") || ""}`), block(shown));
}

function operationBox(contract, path, method, operation) {
  const box = make("details");
  const label = make("span", method.toUpperCase());
  label.className = "method";
  box.append(make("summary", "", label, code(path), make("span", ` ${operation.summary}`)));
  if (operation.description) box.append(make("p", operation.description));
  const scopes = (operation.security || []).flatMap((entry) => Object.values(entry).flat());
  box.append(make("p", `Scope: ${scopes.join(" ") || "none"}`));
  const inputs = [];
  const rows = (operation.parameters || []).map((parameter) => parameterRow(resolve(contract, parameter), inputs));
  if (rows.length) box.append(make("table", "", make("tbody", "", ...rows)));
  const output = make("div");
  if (method === "get") {
    const button = make("button", "Send");
    button.addEventListener("click", () => {
      send(path, inputs, output).catch((error) => output.replaceChildren(block(String(error))));
    });
    box.append(button, output);
  }
  for (const [status, reference] of Object.entries(operation.responses)) {
    const answer = resolve(contract, reference);
    box.append(make("p", "", code(status), make("span", ` ${answer.description}`)));
    const example = answer.content?.["application/json"]?.example;
    if (example) box.append(block(example));
  }
  return box;
}

async function show() {
  const contract = await (await fetch("/openapi.json")).json();
  document.getElementById("title").textContent = `${contract.info.title} ${contract.info.version}`;
  document.getElementById("description").textContent = contract.info.description;
  const tags = new Map();
  for (const [path, methods] of Object.entries(contract.paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      const tag = operation.tags[0];
      tags.set(tag, [...(tags.get(tag) || []), operationBox(contract, path, method, operation)]);
    }
  }
  const main = document.getElementById("operations");
  for (const [tag, boxes] of tags) main.append(make("h2", tag), ...boxes);
}

show().catch((error) => document.getElementById("operations").append(block(String(error))));
