// SPDX-License-Identifier: MIT
// The board inside this page: engine, vision and simulated chip as WebAssembly. It takes the place of the
// source.js that asks `dime live`.

async function fetchBytes(name) {
  const response = await fetch(name);
  if (!response.ok) throw new Error(`${name}: the server answers ${response.status}`);
  return new Uint8Array(await response.arrayBuffer());
}

function text(module, address) {
  const bytes = new Uint8Array(module.memory.buffer, address);
  return new TextDecoder().decode(bytes.subarray(0, bytes.indexOf(0)));
}

function put(module, bytes) {
  const address = module.room(bytes.length);
  if (!address) throw new Error("there is not enough memory");
  new Uint8Array(module.memory.buffer, address, bytes.length).set(bytes);
}

export async function openBoard() {
  const [code, firmware, model] = await Promise.all([fetchBytes("dime.wasm"), fetchBytes("predictor.elf"),
    fetch("model.json").then((response) => response.json())]);
  const { instance } = await WebAssembly.instantiate(code);
  const module = instance.exports;
  put(module, firmware);
  if (module.open(firmware.length)) throw new Error(text(module, module.message()));
  return {
    about: `${text(module, module.name())}, on a CH32V003 simulated in this page, which runs its firmware`,
    names: model.class_names,
    simulated: true,
    async read({ width, height, pixels }) {
      put(module, pixels);
      if (module.read(width, height)) throw new Error(text(module, module.message()));
      return JSON.parse(text(module, module.answer()));
    },
  };
}
