{
  "targets": [
    {
      "target_name": "proxyfs",
      "sources": [
        "<!@(node -e \"for (const d of ['wire', 'fs', 'session', 'binding']) for (const f of require('fs').readdirSync(d).sort()) if (f.endsWith('.cc')) console.log(d + '/' + f)\")"
      ],
      "include_dirs": ["<(module_root_dir)", "<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
      "cflags": ["-pthread"],
      "cflags!": ["-fno-exceptions", "-O3"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++17", "-std=gnu++20", "-O3"],
      "cflags_cc": ["-std=c++20", "-O2", "-Wall", "-Wextra", "-Wno-restrict", "-fvisibility=hidden"],
      "ldflags": ["-pthread"]
    }
  ]
}
