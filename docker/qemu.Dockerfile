# The same with QEMU, so that edgetpu_compiler, an x86_64 program, runs on ARM machines.
#   docker build -f docker/Dockerfile -t envdoctor . && docker build -f docker/qemu.Dockerfile -t envdoctor-qemu .
#   docker run --rm -v envdoctor-cache:/cache -v "$PWD:/work" envdoctor-qemu toolchain install edgetpu-compiler
FROM envdoctor:latest

USER root
RUN apt-get update && apt-get install --yes --no-install-recommends qemu-user-static && rm -rf /var/lib/apt/lists/*
USER user
