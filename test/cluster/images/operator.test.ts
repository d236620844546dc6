import { describe, expect, it } from "@jest/globals";
import { librariesIn } from "./debian-base.ts";
import { imagesIn } from "./operator.ts";

describe("imagesIn", () => {
  it.each([
    { name: "an image by name", dockerfile: "FROM debian:12\nCOPY a b\n", images: ["debian:12"] },
    { name: "each image once", dockerfile: "FROM a AS x\nFROM a\n", images: ["a"] },
    { name: "no stage of its own", dockerfile: "FROM a AS build\nFROM build\n", images: ["a"] },
    { name: "nothing for scratch", dockerfile: "FROM scratch\n", images: [] },
    { name: "an argument's default", dockerfile: "ARG BASE=b:1\nFROM ${BASE} as x\n", images: ["b:1"] },
    { name: "flags passed over", dockerfile: "FROM --platform=linux/amd64 a:2 AS x\n", images: ["a:2"] },
    { name: "comments passed over", dockerfile: "# FROM nowhere\nFROM a\n", images: ["a"] },
  ])("finds $name", ({ dockerfile, images }) => {
    expect(imagesIn(dockerfile)).toEqual(images);
  });
});

describe("librariesIn", () => {
  it("finds the libraries and the loader, and not what the kernel gives", () => {
    const ldd = [
      "\tlinux-vdso.so.1 (0x00007f6516f14000)",
      "\tlibm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x00007f6516e1e000)",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f6516f16000)",
    ].join("\n");
    expect(librariesIn(ldd)).toEqual(["/lib/x86_64-linux-gnu/libm.so.6", "/lib64/ld-linux-x86-64.so.2"]);
  });

  it("names a library that isn't there", () => {
    expect(() => librariesIn("\tlibatomic.so.1 => not found\n")).toThrow("libatomic.so.1");
  });
});
