# Settings that the build Makefiles of functions/ and layers/ share. A container build sees only one of these folders,
# without this file: there the interpreter is python3.13 on the path, and the target is the machine's own
# architecture.

# The runtime's own interpreter, from the environment, PATH or pyenv: byte code is valid for one minor version.
ifndef LAMBDA_PYTHON
  LAMBDA_PYTHON := $(shell for python in "$(dir $(lastword $(MAKEFILE_LIST))).venv/bin/python3.13" python3.13 \
    "$$(pyenv root 2>/dev/null || echo ~/.pyenv)"/versions/3.13*/bin/python3.13; do \
    "$$python" -c 'import sys; print(sys.executable)' 2>/dev/null && break; done)
endif

# `sam build` passes a Makefile no architecture, and a wrong one shows only on AWS. So it is read from the arguments of
# the `sam` that called make; the template's default is the fallback. A samconfig.toml that overrides it must set
# ARCHITECTURE too. `native` is the machine that builds: the embedded stack runs handlers there, on the emulator's
# interpreter.
ifndef ARCHITECTURE
  ARCHITECTURE := $(or $(shell ps -o args= -p "$$(ps -o ppid= -p $$PPID | tr -d ' ')" 2>/dev/null \
    | sed -nE 's/.*Architecture(=|,ParameterValue=)(arm64|x86_64).*/\2/p'),arm64)
endif
machine_arm64 := aarch64
machine_x86_64 := x86_64
glibc_of_the_runtime := manylinux2014 manylinux_2_17 manylinux_2_28 manylinux_2_34

ifneq ($(ARCHITECTURE),native)
  ifndef machine_$(ARCHITECTURE)
    $(error ARCHITECTURE is arm64, x86_64 or native, not '$(ARCHITECTURE)')
  endif
  PIP_TARGET_OPTIONS := --only-binary=:all: --implementation cp --python-version 3.13 \
    $(foreach glibc,$(glibc_of_the_runtime),--platform $(glibc)_$(machine_$(ARCHITECTURE)))
endif
