//! The one wiring function: sources, catalogue and settings in, report out.
//! The command line, the editor, the fixtures and the benches all call it.
