// placeholder until the first entry point exists; replaced in the commit that adds it
